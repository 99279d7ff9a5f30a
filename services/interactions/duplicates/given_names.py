"""Given names: their short and foreign forms, and whose they are."""

from functools import cache, lru_cache

from services.interactions.duplicates.letters import is_cyrillic, sound

MALE, FEMALE = "m", "f"

_RUSSIAN_MEN = """
александр саша саня шура шурик алекс сашка санек|алексей лёша лёха алёша лешка леха|анатолий толя толик
андрей андрюша дрюша|антон тоша антоша|аркадий аркаша|артём артемий тема артёмка|артур|богдан|борис боря
вадим вадик дима|валентин валя валик|валерий валера валерик|василий вася васька|виктор витя витек
виталий виталик|владимир вова володя вовка вован|владислав влад|владик слава|всеволод сева|вячеслав слава славик
геннадий гена генка|георгий гоша жора|герман гера|глеб|григорий гриша|давид|даниил данила даня данил данилка
денис дэн дениска|дмитрий дима митя димка димон|евгений женя жека женек|егор егорка гоша|ефим фима|захар
иван ваня ванька ванек|игорь игорек гоша|илья илюша|иннокентий кеша|иосиф ося|кирилл кирюша
константин костя костик|лев лёва лева|леонид лёня|макар|максим макс|марат|марк|матвей мотя|михаил миша мишка
никита никитка|николай коля колян|олег олежка|павел паша|павлик|пётр петя петька|платон|роман рома ромка
родион родя|руслан русик|рустам|савелий сава|семён сёма сема|сергей серёжа серёга|станислав стас слава
степан степа|тарас|тимофей тима тимоша|тимур тима|фёдор федя|филипп филя|эдуард эдик|юрий юра юрик|яков яша
ярослав|слава ярик|арсений сеня арсен|ринат|равиль|ильдар|айрат|рамиль|альберт|рафаэль|святослав слава|всеволод
геннадий|мирон|лука|демид|дамир|наиль
"""
_RUSSIAN_WOMEN = """
александра саша шура саня сашенька аля|алёна лена алёнка|алина аля|алиса|алла|алсу|альбина аля
анастасия настя ася стася настена|ангелина геля лина|анжела анжелика лика|анна аня анюта нюра анечка нюша
антонина тоня|арина ариша|валентина валя|валерия лера|варвара варя|василиса вася|вера верочка|вероника ника
виктория вика|виолетта вита|галина галя|дарья даша дашка дарина|диана|дина|евгения женя|евдокия дуня
екатерина катя катюша катерина|елена лена леночка|елизавета лиза|жанна|зинаида зина|зоя|инна|инесса
ирина ира ириша иришка|карина|кира|клавдия клава|кристина|ксения ксюша аксинья|лариса лара|лидия лида|лилия лиля
любовь люба|людмила люда мила люся|маргарита рита марго|марина мариша|мария маша маруся маня машенька|милана
надежда надя|наталья наталия наташа ната|нелли неля|нина|оксана ксюша|олеся леся|ольга оля оленька|полина поля
раиса рая|регина|римма|роза|светлана света лана|снежана|софия софья соня|таисия тая|тамара тома
татьяна таня танечка|ульяна уля|фаина|эльвира эля|эльмира|эмилия|юлия юля юленька|яна|ярослава слава|нонна
прасковья|гульнара гуля|лейла|камилла|венера|диляра|маргарита|пелагея|серафима|злата|есения|мирослава слава
евангелина|динара|гузель
"""
_ENGLISH_MEN = """
alexander alex al sandy xander|albert al bert|alfred alf fred|andrew andy drew|anthony tony antony|arthur art
benjamin ben benny benji|bernard bernie|bradley brad|calvin cal|charles charlie chuck chas
christopher chris kit topher|clifford cliff|curtis curt|daniel dan danny|david dave davey davy|dennis denny
dominic dom|donald don donnie|douglas doug|edward ed eddie ted ned teddy|edwin ed|eugene gene|francis|frank
franklin frank|frederick fred freddie freddy|gabriel gabe|geoffrey geoff jeff|gerald gerry jerry|gilbert gil
gregory greg|harold harry hal|henry harry hank|herbert herb|howard howie|jack|jacob jake|james jim jimmy jamie
jason jay|jeffrey jeff|jeremiah jerry jeremy|jerome jerry|john jack johnny jon|jonathan jon jonny
joseph joe joey|joshua josh|julian jules|kenneth ken kenny|lawrence larry laurence|leonard len lenny leo
leslie les|lewis louis lou|lucas luke|marcus mark|martin marty|matthew matt matty|maurice mo|maxwell max
melvin mel|michael mike mick mickey|mitchell mitch|nathaniel nathan nate nat|nicholas nick nicky nicolas
norman norm|oliver ollie|oscar|patrick pat paddy|peter pete|philip phil phillip|raymond ray|reginald reg reggie
richard rick dick richie ricky rich|robert bob rob bobby robbie bert|rodney rod|roger rog|ronald ron ronnie
russell russ|samuel sam sammy|scott scotty|sidney sid|stanley stan|stephen steve steven stevie
stuart stu stewart|terence terry terrance|theodore ted theo teddy|thomas tom tommy|timothy tim timmy|tobias toby
victor vic|vincent vince vinny|walter walt wally|wayne|wesley wes|william bill will billy willy liam
zachary zach zac zack|brian bryan|sean shawn shaun|jeffery jeff|eric erik|carl karl|marc mark|ryan|kevin kev
kyle|adam|aaron|jose|juan|carlos|luis|justin|brandon|ethan|noah|logan|mason|harrison harry|lachlan lachie|jordan
joel|mitchel|dylan|connor|cameron cam|angus gus|hayden|blake|callum|kane|bailey|jayden|tyler ty|riley|jesse|luke
paul|george|gary|larry|frank|keith|bruce|adrian|ian
"""
_ENGLISH_WOMEN = """
abigail abby gail abbey|adelaide addie|agnes aggie|alexandra alex sandra sandy lexi alexa|alexandria alex
alice ally|alison ali allison|amanda mandy|amelia amy millie|angela angie|ann anne annie anna|antoinette toni
barbara barb babs|beatrice bea|bethany beth|beverly bev|bridget bridie|brittany britt
carol carrie caroline carolyn
catherine kate cathy katie katherine kathryn kathy kathleen kat kitty cate katharine|charlotte|charlie lottie
christine chris chrissy tina christina christie|constance connie|cynthia cindy|danielle dani
deborah deb debbie debra|denise|diana|diane di|dorothy dot dottie dolly|edith edie
eleanor ellie nell nora elinor|elizabeth liz beth betty lizzie eliza betsy libby elisabeth|ella
ellen ellie nell|emily em emmy|emma em|evelyn eve|florence flo|frances fran frankie|georgina georgie georgia
geraldine geri|gertrude trudy|gillian|gill jill|gwendolyn gwen|harriet hattie|helen nell
isabella bella izzy isabel isobel|jacqueline jackie jacqui|jane janie|janet jan|janice jan|jean jeanie
jennifer jen jenny|jessica jess jessie|joan|joanna jo joanne|josephine jo josie|joyce|judith judy
julia julie jules|karen|kimberly kim kimberley|laura laurie|lauren|leah|lillian lily lil|linda lin lynda
louise lou|lucille lucy|lynn lynne|madeline maddie madeleine|margaret maggie meg peggy|marge margie greta
maria marie|marilyn|marjorie marge|martha marty|mary molly polly|matilda tilly|megan meg|melanie mel
melissa mel missy|mildred|millie|miranda mandy|monica|nancy|natalie nat nathalie|natasha tasha
nicole nicky nikki|olivia liv livvy|pamela pam|patricia pat patty trish tricia|paula|pauline|penelope penny
philippa pippa|priscilla|rachel rachael|rebecca becky bec becca rebekah|roberta bobbie|rosemary rose rosie|ruth
sally|samantha sam sammy|sandra sandy|sarah sara sally|sharon|shirley|sophia sophie|stephanie steph
susan sue susie suzy susanne suzanne|sylvia|teresa terry|theresa tess|tiffany|tracy tracey|ursula|valerie val
vanessa|veronica ronnie|victoria vicky tori vicki|virginia ginny|vivian viv|wendy|wilhelmina mina|zoe
hannah hanna|chloe|grace|lisa|donna|michelle shelly|carla|kristen|heather|ashley|amber|alana|jasmine jaz|tahlia
imogen|bianca|holly|kayla|erin
"""
_FOREIGN_MEN = """
александр alexander alexandre|михаил michael|пётр peter|павел paul|николай nicholas nicolas|андрей andrew
даниил daniel danil|виктор victor|дмитрий dmitri dimitri|евгений eugene|георгий george|филипп philip
сергей serge|максим maxim|григорий gregory|иосиф joseph|яков jacob|илья elias
"""
_FOREIGN_WOMEN = """
юлия julia|екатерина catherine katherine|мария maria mary|елена helen elena|наталья natalie nataly
софья sophia sofia|ксения xenia|анна anna ann anne|татьяна tatiana|виктория victoria|вероника veronica
валерия valerie|кристина christina|александра alexandra|ирина irene
"""


def _groups(text: str) -> list[list[str]]:
    return [group.split() for line in text.strip().splitlines() for group in line.split("|")]


@cache
def _table() -> tuple[dict[str, frozenset[str]], dict[str, frozenset[str]]]:
    full: dict[str, set[str]] = {}
    genders: dict[str, set[str]] = {}
    for gender, text in (
        *((MALE, _RUSSIAN_MEN), (FEMALE, _RUSSIAN_WOMEN), (MALE, _ENGLISH_MEN), (FEMALE, _ENGLISH_WOMEN)),
        *((MALE, _FOREIGN_MEN), (FEMALE, _FOREIGN_WOMEN)),
    ):
        for group in _groups(text):
            for name in group:
                for form in _forms(name):
                    full.setdefault(form, set()).add(f"{gender}:{sound(group[0].replace('ё', 'е'))}")
                    genders.setdefault(form, set()).add(gender)
    return {k: frozenset(v) for k, v in full.items()}, {k: frozenset(v) for k, v in genders.items()}


def _forms(name: str) -> set[str]:
    """As it is written, and as other scripts write it: `ё` is told by `e` or by `o`."""
    written = name.replace("ё", "е")
    return {written, sound(written), sound(name.replace("ё", "о"))} if is_cyrillic(name) else {written}


_NONE: frozenset[str] = frozenset()


@lru_cache(1 << 16)
def full_names(word: str) -> frozenset[str]:
    """The full names that a plain word may be short for, as marks to compare; empty where it is no name we know."""
    full, _ = _table()
    return full.get(word, _NONE) | full.get(sound(word), _NONE)


@lru_cache(1 << 16)
def gender(word: str) -> str:
    """`m` or `f`; empty where the name may be either, or is not known."""
    _, genders = _table()
    known = genders.get(word, _NONE) | genders.get(sound(word), _NONE)
    return next(iter(known)) if len(known) == 1 else ""
