"""What people of a drawn town are called, where they live, and one of them."""

from dataclasses import dataclass
from datetime import date


def _split(text: str) -> list[str]:
    return text.split()


Row = dict[str, str]

MEN = _split(
    """
    James John Robert Michael William David Richard Joseph Thomas Charles Christopher Daniel Matthew Anthony
    Mark Donald Steven Paul Andrew Joshua Kenneth Kevin Brian George Edward Ronald Timothy Jason Jeffrey
    Ryan Jacob Gary Nicholas Eric Jonathan Stephen Larry Justin Scott Brandon Benjamin Samuel Gregory Frank
    Alexander Raymond Patrick Jack Dennis Jerry Lachlan Callum Kobe Zane Tyrell Dimitri Rhett Corey
    """
)
WOMEN = _split(
    """
    Mary Patricia Jennifer Linda Elizabeth Barbara Susan Jessica Sarah Karen Lisa Nancy Betty Margaret
    Sandra Ashley Kimberly Emily Donna Michelle Carol Amanda Dorothy Melissa Deborah Stephanie Rebecca
    Sharon Laura Cynthia Kathleen Amy Angela Shirley Anna Brenda Pamela Emma Nicole Helen Samantha Katherine
    Christine Debra Rachel Carolyn Janet Catherine Maria Heather Tahlia Imogen Shayla Bronte Keira Indiana
    """
)
SURNAMES = _split(
    """
    Smith Johnson Williams Brown Jones Garcia Miller Davis Rodriguez Martinez Hernandez Lopez Gonzalez
    Wilson Anderson Thomas Taylor Moore Jackson Martin Lee Perez Thompson White Harris Sanchez Clark Ramirez
    Lewis Robinson Walker Young Allen King Wright Scott Torres Nguyen Hill Flores Green Adams Nelson Baker
    Hall Rivera Campbell Mitchell Carter Roberts Gomez Phillips Evans Turner Diaz Parker Cruz Edwards
    Collins Reyes Stewart Morris Morales Murphy Cook Rogers Gutierrez Ortiz Morgan Cooper Peterson Bailey
    Reed Kelly Howard Ramos Kim Cox Ward Richardson Watson Brooks Chavez Wood James Bennett Gray Mendoza
    Ruiz Hughes Price Alvarez Castillo Sanders Patel Myers Long Ross Foster
    """
)
STREETS = _split(
    """
    Main Oak Park Pine Maple Cedar Elm View Washington Lake Hill Walnut Spring North Ridge Church Willow
    Mill Sunset Railroad Jefferson Center Highland Forest Jackson Cherry Franklin River Meadow Chestnut
    Broad Dogwood Hickory Lincoln Adams Madison Clinton Canberra Euree Goodwin
    """
)
KINDS = {"Street": "St", "Road": "Rd", "Avenue": "Ave", "Drive": "Dr", "Lane": "Ln", "Place": "Pl", "Court": "Ct"}
TOWNS = _split(
    """
    Springfield Riverton Fairview Clinton Georgetown Salem Madison Ashland Dover Oxford Burlington Milton
    Newport Clayton Dayton
    """
)
STATES = ["NSW", "VIC", "QLD", "WA", "SA", "TAS", "ACT", "NT"]
SYLLABLES = _split(
    """
    ba bel bor car dan der el fen gar hal is jor kel lan mar nor ol pen quin ros sel tar ul ver wil yar zan
    """
)
TAILS = ["son", "ton", "ley", "man", "er", "field", "well", "wood", "by", "ing", "ham", "ard"]

MUZH = _split(
    """
    Александр Сергей Дмитрий Андрей Алексей Максим Евгений Иван Михаил Николай Владимир Артём Юрий Роман
    Олег Павел Виктор Игорь Денис Антон Константин Илья Кирилл Никита Вадим Анатолий Василий Егор Григорий
    Пётр Станислав Руслан Тимур Фёдор Семён Борис Геннадий Леонид Ярослав Эдуард Валерий Глеб Матвей Захар
    Марат Ринат Арсений Тихон Елисей Аверьян
    """
)
ZHEN = _split(
    """
    Елена Ольга Наталья Екатерина Анна Татьяна Ирина Мария Светлана Юлия Анастасия Марина Людмила Дарья
    Виктория Евгения Александра Алина Ксения Валентина Галина Надежда Оксана Полина Любовь Вера Кристина
    Елизавета Нина Софья Алёна Валерия Лариса Тамара Яна Диана Вероника Алла Инна Зинаида Жанна Варвара
    Раиса Камилла Олеся Ульяна Милана Эльвира Аглая Стефания
    """
)
SHORT = {
    **{
        "Александр": "Саша",
        "Сергей": "Серёжа",
        "Дмитрий": "Дима",
        "Алексей": "Лёша",
        "Евгений": "Женя",
        "Иван": "Ваня",
        "Михаил": "Миша",
    },
    **{
        "Николай": "Коля",
        "Владимир": "Вова",
        "Юрий": "Юра",
        "Роман": "Рома",
        "Павел": "Паша",
        "Константин": "Костя",
        "Пётр": "Петя",
    },
    **{
        "Елена": "Лена",
        "Ольга": "Оля",
        "Наталья": "Наташа",
        "Екатерина": "Катя",
        "Анна": "Аня",
        "Татьяна": "Таня",
        "Ирина": "Ира",
    },
    **{
        "Мария": "Маша",
        "Светлана": "Света",
        "Юлия": "Юля",
        "Анастасия": "Настя",
        "Дарья": "Даша",
        "Александра": "Саша",
        "Людмила": "Люда",
    },
    **{
        "Robert": "Bob",
        "William": "Bill",
        "Richard": "Dick",
        "Michael": "Mike",
        "James": "Jim",
        "Elizabeth": "Liz",
        "Margaret": "Peggy",
    },
    **{
        "Katherine": "Kate",
        "Thomas": "Tom",
        "Christopher": "Chris",
        "Jennifer": "Jen",
        "Daniel": "Dan",
        "Edward": "Ted",
        "Susan": "Sue",
    },
}
FAMILII = _split(
    """
    Иванов Смирнов Кузнецов Попов Васильев Петров Соколов Михайлов Новиков Фёдоров Морозов Волков Алексеев
    Лебедев Семёнов Егоров Павлов Козлов Степанов Николаев Орлов Андреев Макаров Никитин Захаров Зайцев
    Соловьёв Борисов Яковлев Григорьев Романов Воробьёв Сергеев Кузьмин Фролов Александров Дмитриев Королёв
    Гусев Киселёв Ильин Максимов Поляков Сорокин Виноградов Ковалёв Белов Медведев Антонов Тарасов Жуков
    Баранов Филиппов Комаров Давыдов Беляев Герасимов Богданов Осипов Сидоров Матвеев Титов Марков Миронов
    Крылов Куликов Карпов Власов Мельников Денисов Гаврилов Тихонов Казаков Афанасьев Данилов Савельев
    Тимофеев Фомин Чернов Абрамов Мартынов Ефимов Федотов Щербаков Назаров Калинин Исаев Чайковский
    Вишневский Залесский Жуковский Белый Толстой Черных Шевченко Коваленко Бондаренко
    """
)
ULITSY = _split(
    """
    Ленина Советская Молодёжная Центральная Школьная Новая Садовая Лесная Мира Набережная Заречная Пушкина
    Гагарина Кирова Зелёная Октябрьская Комсомольская Первомайская Пролетарская Горького Чапаева Чехова
    Полевая Луговая Степная Рабочая Строителей Победы Маяковского Юбилейная
    """
)
GORODA = _split(
    """
    Москва Казань Самара Омск Пермь Уфа Воронеж Волгоград Саратов Тюмень Тула Рязань Калуга Киров Курск
    Тверь Иваново Брянск
    """
)
SLOGI = _split(
    """
    ба ве гор дан жел зар кол лад мор неж оль пер руд сав тол уш хал чер шум яр
    """
)
SCHEMES: tuple[dict[str, str], ...] = tuple(
    dict(zip("абвгдеёжзийклмнопрстуфхцчшщъыьэюя", _split(latin), strict=True))
    for latin in (
        "a b v g d e e zh z i i k l m n o p r s t u f kh ts ch sh shch ie y _ e iu ia",
        "a b v g d e yo zh z i y k l m n o p r s t u f h c ch sh sch _ y _ e yu ya",
        "a b v g d e jo zh z i j k l m n o p r s t u f h c ch sh shh _ y _ e ju ja",
    )
)


@dataclass(frozen=True)
class Person:
    given: str
    surname: str
    patronymic: str
    birth: date
    woman: bool
    number: str
    phone: str
    mail: str
    street: str
    house: str
    city: str
    region: str
    postcode: str
    maiden: str = ""
