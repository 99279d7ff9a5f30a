"""What kind of thing happened, in words that tell nothing else: for mails and for browsers."""

_SUBJECTS = {
    "ru": {
        "mention": "Вас упомянули",
        "assigned": "Вам поручено новое",
        "handover": "Вам предлагают принять работу",
        "client_wrote": "Ваш клиент написал",
        "reminder": "Напоминание",
        "overdue": "Срок задачи прошёл",
        "missed_call": "Пропущенный звонок",
        "approval_asked": "Просят согласовать ответ",
        "approved": "Ответ согласован",
        "returned": "Ответ возвращён",
        "invitation": "Ваша встреча: новая, перенесена или отменена",
    },
    "en": {
        "mention": "You were mentioned",
        "assigned": "Something was given to you",
        "handover": "You are offered work",
        "client_wrote": "Your client wrote",
        "reminder": "Reminder",
        "overdue": "A task is overdue",
        "missed_call": "A missed call",
        "approval_asked": "You are asked to approve an answer",
        "approved": "An answer was approved",
        "returned": "An answer was returned",
        "invitation": "A meeting of yours is new, moved or called off",
    },
}


def subject_of(kind: str, language: str) -> str:
    return _SUBJECTS[language][kind]
