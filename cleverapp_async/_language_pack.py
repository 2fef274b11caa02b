"""The Laravel framework's Russian validation texts, as a table of rules and wordings.

The API answers in these texts (API docs, "sendMessage" and "getContactVariables",
samples of a validation error). The documented samples use the wording of 2018-2021; the
table also holds the first wording (2013) and the later ones (from 2022), because
nobody announces an upgrade of a language pack. Which of them the service uses beyond
the samples is not documented.

How to read a wording:

- ``[a|b]`` stands for either text, so that one line covers the years.
- ``:attribute`` is the field itself.
- ``:other`` and ``:fields`` name other fields; ``:fields`` may hold several, joined by ``" / "``.
- ``:min``, ``:max``, ``:size``, ``:digits`` and ``:decimal`` are numbers.
- every other placeholder is free text: a date, a format, a list of values.
- a closing full stop may be missing: the pack itself is not consistent about it.

A text belongs to one rule only. Where the pack gives two rules the same words, the more
general rule has the line and a comment names the other.
"""

from __future__ import annotations

from typing import Final

__all__ = ["WORDINGS"]

_ONE: Final = "[Поле|Значение поля] :attribute"
_VALUE: Final = "Значение поля :attribute"
_COUNT: Final = "Количество [символов|элементов] в [поле|значении поля] :attribute"
_FILE: Final = "Размер файла[ в поле :attribute|, указанный в поле :attribute,]"
_ARRAY: Final = "Массив[ в поле :attribute|, указанный в поле :attribute,]"
_KB: Final = "[Килобайт(а)|Килобайт|Кб]"
_RANGE: Final = "[между :min и :max|от :min до :max]"
_IF: Final = "когда :other [равно|содержит|соответствует] :value"
_UNLESS: Final = ":other не [равно|содержит|соответствует] :values"
_CHOOSE: Final = "Пожалуйста, выберите другое значение для :attribute"
_NEEDED: Final = "Поле :attribute обязательно для заполнения"

WORDINGS: Final[tuple[tuple[str, str], ...]] = (
    ("accepted", "Вы должны принять :attribute."),
    ("accepted_if", f"Вы должны принять :attribute, {_IF}."),
    ("active_url", "Поле :attribute [содержит |]недействительный URL."),
    ("active_url", f"{_VALUE} должно быть действительным URL адресом."),
    ("after", "В поле :attribute должна быть дата [после|больше] :date."),
    ("after", f"{_ONE} должно быть датой после :date."),
    ("after_or_equal", "В поле :attribute должна быть дата [после|больше] или равняться :date."),
    ("after_or_equal", f"{_ONE} должно быть датой после или равной :date."),
    ("alpha", f"{_ONE} может содержать только буквы."),
    ("alpha_dash", f"{_ONE} может содержать только буквы, цифры и дефис."),
    ("alpha_dash", f"{_ONE} может содержать только буквы, цифры, дефис и нижнее подчеркивание."),
    ("alpha_num", f"{_ONE} может содержать только буквы и цифры."),
    ("any_of", f"{_VALUE} не найдено в списке разрешённых."),
    ("array", f"{_ONE} должно быть массивом."),
    ("ascii", f"{_VALUE} должно содержать только однобайтовые цифро-буквенные символы."),
    ("attached", "[Поле|Значение поля|Содержимое поля] :attribute уже прикреплено."),
    ("attached", ":attribute уже прикреплён."),
    ("before", "В поле :attribute должна быть дата [до|раньше] :date."),
    ("before", f"{_ONE} должно быть датой [до|перед] :date."),
    ("before_or_equal", "В поле :attribute должна быть дата [до|раньше] или равняться :date."),
    ("before_or_equal", f"{_ONE} должно быть датой до или равной :date."),
    ("between", f"{_ONE} должно быть {_RANGE}."),
    ("between", f"{_FILE} должен быть {_RANGE} {_KB}."),
    ("between", f"{_COUNT} должно быть {_RANGE}."),  # from 2022 also digits_between
    ("between", "Размер :attribute должен быть от :min до :max Килобайт."),
    ("between", "Длина :attribute должна быть от :min до :max символов."),
    ("boolean", "Поле :attribute должно иметь значение логического типа."),
    ("boolean", f"{_VALUE} должно быть логического типа."),
    ("can", f"{_VALUE} должно быть авторизованным."),
    ("confirmed", f"{_ONE} не совпадает с [подтверждением|подтверждаемым]."),
    ("contains", "В поле :attribute отсутствует необходимое значение."),
    ("current_password", "Поле :attribute содержит некорректный пароль."),
    ("date", "Поле :attribute не является датой."),
    ("date", f"{_VALUE} должно быть корректной датой."),
    ("date_equals", f"{_ONE} [должно|дожно] быть датой равной :date."),  # misspelt in 2018
    ("date_format", "Поле :attribute не соответствует формату :format."),
    ("date_format", f"{_VALUE} должно соответствовать формату даты[:|] :format."),
    ("decimal", f"{_VALUE} должно содержать :decimal цифр десятичных разрядов."),
    ("declined", f"{_ONE} должно быть отклонено."),
    ("declined_if", f"{_ONE} должно быть отклонено, {_IF}."),
    ("different", "[Поля|Значения полей] :attribute и :other должны различаться."),
    ("digits", "Длина цифрового поля :attribute должна быть :digits."),
    ("digits_between", "Длина цифрового поля :attribute должна быть между :min и :max."),
    ("dimensions", "Поле :attribute имеет недопустимые размеры изображения."),
    ("dimensions", "Изображение, указанное в поле :attribute, имеет недопустимые размеры."),
    ("distinct", "Поле :attribute содержит повторяющееся значение."),
    ("distinct", "[Значения|Элементы в значении] поля :attribute не должны повторяться."),
    ("doesnt_end_with", f"{_VALUE} не должно заканчиваться одним из следующих: :values."),
    ("doesnt_start_with", f"{_VALUE} не должно начинаться с одного из следующих: :values."),
    ("email", f"{_ONE} должно быть действительным электронным адресом."),
    ("ends_with", f"{_ONE} должно заканчиваться одним из следующих[ значений|]: :values."),
    ("exists", "Выбранное значение для :attribute [некорректно|уже существует]."),
    ("exists", f"{_VALUE} не существует."),
    ("extensions", "Файл в поле :attribute должен иметь одно из следующих расширений: :values."),
    ("file", "Поле :attribute должно быть файлом."),
    ("file", "В поле :attribute должен быть указан файл."),
    ("filled", f"{_VALUE} обязательно для заполнения."),  # until 2021 in the words of required
    ("gt", f"{_ONE} должно быть больше :value."),
    ("gt", f"{_FILE} должен быть больше :value {_KB}."),
    ("gt", f"{_COUNT} должно быть больше :value."),
    ("gte", f"{_ONE} должно быть [больше или равно :value|:value или больше]."),
    ("gte", f"{_FILE} должен быть [больше или равен :value {_KB}|:value {_KB} или больше]."),
    ("gte", f"{_COUNT} должно быть [больше или равно[ :value|]|:value или больше]."),
    ("hex_color", f"{_VALUE} должно быть корректным цветом в HEX формате."),
    ("image", "Поле :attribute должно быть изображением."),
    ("image", "Файл, указанный в поле :attribute, должен быть изображением."),
    ("in", "Выбранное значение для :attribute ошибочно."),  # until 2021 also not_in
    ("in", f"{_VALUE} отсутствует в списке разрешённых."),  # also enum
    ("in_array", "Поле :attribute не существует в :other."),
    ("in_array", f"{_VALUE} должно [присутствовать в|быть указано в поле] :other."),
    ("in_array_keys", "Массив в значении поля :attribute должен иметь следующие ключи: :values."),
    ("integer", f"{_ONE} должно быть целым числом."),
    ("ip", f"{_ONE} должно быть действительным IP-адресом."),
    ("ipv4", f"{_ONE} должно быть действительным IPv4-адресом."),
    ("ipv6", f"{_ONE} должно быть действительным IPv6-адресом."),
    ("json", f"{_ONE} должно быть JSON строкой."),
    ("list", f"{_VALUE} должно быть списком."),
    ("lowercase", f"{_VALUE} должно быть в нижнем регистре."),
    ("lt", f"{_ONE} должно быть меньше :value."),
    ("lt", f"{_FILE} должен быть меньше :value {_KB}."),
    ("lt", f"{_COUNT} должно быть меньше :value."),
    ("lte", f"{_ONE} должно быть [меньше или равно :value|:value или меньше]."),
    ("lte", f"{_VALUE} должно быть равным или меньше :value."),
    ("lte", f"{_FILE} должен быть [меньше или равен :value {_KB}|:value {_KB} или меньше]."),
    ("lte", f"{_COUNT} должно быть [меньше или равно[ :value|]|:value или меньше]."),
    ("mac_address", f"{_VALUE} должно быть корректным MAC-адресом."),
    ("max", f"{_ONE} не может быть [более|больше] :max."),
    ("max", f"{_FILE} не может быть [более|больше] :max {_KB}."),
    ("max", f"{_COUNT} не может превышать :max."),
    ("max", f"Поле :attribute должно быть не больше :max[ {_KB}|]."),
    ("max", "Поле :attribute должно быть не длиннее :max символов."),
    ("max_digits", f"{_VALUE} не должно содержать больше :max цифр."),
    # The two lines below are also the words of mimetypes.
    ("mimes", "Поле :attribute должно быть файлом одного из[ следующих|] типов: :values."),
    ("mimes", "Файл, указанный в поле :attribute, должен быть одного из следующих типов: :values."),
    ("min", f"{_ONE} должно быть не [менее|меньше] :min."),
    ("min", f"{_FILE} должен быть не [менее|меньше] :min {_KB}."),
    ("min", f"{_COUNT} должно быть не [менее|меньше] :min."),
    ("min", f"Поле :attribute должно быть не менее :min {_KB}."),
    ("min", "Поле :attribute должно быть не короче :min символов."),
    ("min_digits", f"{_VALUE} должно содержать не меньше :min цифр."),
    ("missing", f"{_VALUE} должно отсутствовать."),
    ("missing_if", f"{_VALUE} должно отсутствовать, {_IF}."),
    ("missing_unless", f"{_VALUE} должно отсутствовать, когда {_UNLESS}."),
    ("missing_with", f"{_VALUE} должно отсутствовать, если :fields указано."),
    ("missing_with_all", f"{_VALUE} должно отсутствовать, когда указаны все :fields."),
    ("multiple_of", f"{_VALUE} должно быть кратным :value."),
    ("not_in", f"{_VALUE} [находится в списке запрета|не должно быть в списке]."),
    ("not_regex", "Выбранный формат для :attribute ошибочный."),
    ("numeric", f"{_ONE} должно быть числом."),
    ("password", "[Неверный|Некорректный] пароль."),  # the first is also current_password
    ("password", f"{_VALUE} должно содержать хотя бы одну букву."),
    ("password", f"{_VALUE} должно содержать хотя бы одну прописную и одну строчную буквы."),
    ("password", f"{_VALUE} должно содержать хотя бы одну цифру."),
    ("password", f"{_VALUE} должно содержать хотя бы один символ."),
    ("password", f"{_VALUE} обнаружено в утёкших данных. {_CHOOSE}."),
    ("present", "Поле :attribute должно присутствовать."),
    ("present", f"{_VALUE} должно быть."),
    ("present_if", f"{_VALUE} должно быть {_IF}."),
    ("present_unless", f"{_VALUE} должно быть, если только {_UNLESS}."),
    ("present_with", f"{_VALUE} должно быть когда одно из :fields присутствуют."),
    ("present_with_all", f"{_VALUE} должно быть когда все из значений присутствуют: :fields."),
    ("prohibited", f"{_ONE} запрещено."),
    ("prohibited_if", f"{_ONE} запрещено, {_IF}."),
    ("prohibited_if_accepted", f"{_VALUE} запрещено, если принято :other."),
    ("prohibited_if_declined", f"{_VALUE} запрещено при отказе от :other."),
    ("prohibited_unless", f"{_ONE} запрещено, если :other не [входит|состоит] в :values."),
    ("prohibits", f"{_ONE} запрещает присутствие :other."),
    # The pack of 2018 says the next line of url too, that of 2013 also of email.
    ("regex", "Поле :attribute имеет ошибочный формат."),
    ("regex", f"{_VALUE} имеет некорректный формат."),  # also not_regex
    ("relatable", f"{_ONE} не может быть связано с этим ресурсом."),
    ("relatable", ":attribute не может быть связан с этим ресурсом."),
    ("required", f"{_NEEDED}."),
    ("required", "Поле :attribute обязательно."),
    ("required_array_keys", f"{_ARRAY} обязательно должен иметь ключи: :values."),
    ("required_if", f"{_NEEDED}, {_IF}."),
    ("required_if_accepted", "Поле :attribute обязательно, когда :other принято."),
    ("required_if_declined", "Поле :attribute обязательно, когда :other отклонено."),
    ("required_unless", f"{_NEEDED}, когда {_UNLESS}."),
    ("required_with", f"{_NEEDED}, когда :fields указано."),  # also required_with_all
    ("required_without", f"{_NEEDED}, когда :fields не указано."),
    ("required_without_all", f"{_NEEDED}, когда ни одно из :fields не указано."),
    ("same", "Значения полей :attribute и :other должны совпадать."),
    ("same", "Значение :attribute должно совпадать с :other."),
    ("size", f"{_ONE} должно быть равным :size."),
    ("size", f"{_FILE} должен быть равен :size {_KB}."),
    ("size", f"{_COUNT} должно быть равным :size."),  # from 2022 also digits
    ("size", f"Поле :attribute должно быть :size[ {_KB}|]."),
    ("size", "Поле :attribute должно быть длиной :size символов."),
    ("starts_with", f"{_ONE} должно начинаться [из|с] одного из следующих значений: :values."),
    ("string", f"{_ONE} должно быть строкой."),
    ("timezone", f"{_ONE} должно быть действительным часовым поясом."),
    ("ulid", f"{_VALUE} должно быть корректным ULID."),
    ("unique", "Такое значение поля :attribute уже существует."),
    ("uploaded", "Загрузка [|файла из ]поля :attribute не удалась."),
    ("uppercase", f"{_VALUE} должно быть в верхнем регистре."),
    ("url", f"{_ONE} имеет ошибочный формат URL."),
    ("url", f"{_VALUE} не является ссылкой или имеет некорректный формат."),
    ("uuid", f"{_ONE} должно быть корректным UUID."),
)
"""Every known wording with its rule (Laravel's name for it), in the order of the rules."""
