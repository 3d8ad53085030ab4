"""Named checks of the canonical tables: one function each; what they are called stands in `TITLES`.

Checks of single cells and rows (numbers, sums of shares, unknown schools, …) are made where these are read
and are named here too. FAIL forbids building the report, ADVICE asks to look.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import polars as pl
from scipy.stats import binom

from helpers.intake.findings import Findings, Status
from helpers.intake.records import Intake
from helpers.intake.subjects import subject_titles
from helpers.params import Params
from helpers.problems import Problem

TITLES = {
    "unreadable": "Файл открывается",
    "stray_file": "В папке только файлы известных видов",
    "layout": "Столбцы файла известны",
    "hidden_sheet": "Нет скрытых листов",
    "unused_sheet": "Все листы прочитаны",
    "hidden_rows": "Нет скрытых строк",
    "personal_data": "Нет личных сведений",
    "pupils": "Выгрузка по ученикам читается",
    "work": "Работа ВПР названа и лежит в папке своего года",
    "subject": "Предмет известен",
    "words": "Слова из закрытого списка",
    "rows_read": "Прочитано строк школ",
    "matched_inn": "Школа найдена по ИНН",
    "matched_login": "Школа найдена по логину ФИС ОКО",
    "matched_rcoi_code": "Школа найдена по коду РЦОИ",
    "matched_confirmed": "Школа найдена по подтверждённому названию",
    "matched_name": "Школа найдена по названию и муниципалитету",
    "unknown_school": "Все школы есть в реестре",
    "closed_school": "Школа существовала в этом году",
    "code_and_name": "Код и название говорят об одной школе",
    "mended_codes": "Коды не испорчены электронной таблицей",
    "look_alikes": "Нет латинских букв среди русских",
    "totals": "Строки итогов отложены",
    "notes": "Строки примечаний отложены",
    "other_attempts": "Отложены ГВЭ, СПО, выпускники прошлых лет, резервные дни и осень",
    "duplicates": "Школа не повторена",
    "numbers": "Числа читаются",
    "excel_dates": "Числа не превращены в даты",
    "text_numbers": "Числа, записанные текстом, прочитаны",
    "hidden_by_source": "Малые числа скрыты источником",
    "fractions": "Проценты записаны процентами",
    "share_sums": "Доли в сумме дают 100 %",
    "nobody": "Нет результатов у нуля участников",
    "mean_and_shares": "Среднее согласовано с долями отметок",
    "totals_agree": "Итог муниципалитета равен сумме школ",
    "expected_files": "Есть всё, что должно быть по календарю процедур",
    "absent_school": "Все действующие школы есть в социальных паспортах",
    "enrolled": "Участников не больше, чем учеников",
    "whole": "Часть не больше целого",
    "union": "Учёт и группа риска: объединение, а не сумма",
    "zeros": "Ноль — это ноль, а не пропуск",
    "copied": "Паспорт не скопирован с прошлого года",
    "both_higher": "Доля семей с двумя высшими образованиями правдоподобна",
    "passport_date": "Паспорт на начало учебного года",
    "jumps": "Нет невозможных скачков от года к году",
    "heaping": "Нет скопления баллов сразу за порогом отметки",
    "low_response": "Анкеты заполнили многие",
    "corrections": "Исправления применены",
}
_ZEROS_FROM = 100
"""From how many pupils a school without a single case of anything is not believed."""
_BOTH_HIGHER_RURAL = 0.60
"""Above what share of pupils with two graduate parents a village's passport is questioned."""
_BOTH_HIGHER = 0.90
_JUMP_MARK = 0.9
_JUMP_SHARE = 0.30
_JUMP_FROM = 15
"""Changes of a mean mark and of a social share from year to year that ask for a look, from how many pupils on."""
_HEAPING_P = 1e-5
"""How improbable a heap must be; a region has tens of thousands of school, work and score."""
_HEAP = 5
"""How many papers make a heap at the least."""
_AROUND = 5
"""How many scores are looked at together: two below and two above."""
_RESPONSE = 0.05
"""Below what share of pupils answers of pupils and parents say nothing of the school."""
_UNION_FROM = 10
"""From what sum on a union that equals it exactly is questioned: in small schools nobody may be on both lists."""


def run(made: dict[str, pl.DataFrame], params: Params, intake: Intake, refused: set[tuple[int, str]]) -> None:
    """Run every check of whole tables; findings go to `intake.findings`.

    `refused`: year and kind of the folders where a file was not read, which is told already.
    """
    passports, results = _with_place(made["passports"], intake), _with_place(made["results"], intake)
    schools = made["schools"]
    for name, value in (
        ("results", "mean"),
        ("knowledge", "mean"),
        ("journal", "share_lowered"),
        ("primary_scores", "share"),
    ):
        nobody(made[name], value, intake)
    expected_files(results, passports, params, intake, refused)
    absent_school(passports, schools, intake, refused)
    enrolled(results, passports, intake)
    whole(passports, intake)
    union(passports, intake)
    zeros(passports, intake)
    copied(passports, intake)
    both_higher(passports, schools, intake)
    jumps(results, passports, intake)
    heaping(made["primary_scores"], intake)
    low_response(made["questionnaires"], passports, intake)


def acceptance(findings: Findings) -> pl.DataFrame:
    """Table `acceptance`: every check, the worst that it found, how often."""
    rows = []
    for check, title in TITLES.items():
        found = [one for one in findings.found if one.check == check]
        worst = next((s for s in (Status.fail, Status.advice) if any(one.status == s for one in found)), Status.passed)
        looked = findings.counted.get(check, 0)
        rows.append({"check": check, "file": "", "count": len(found) or looked, "note": title, "status": worst.value})
    return pl.DataFrame(rows).with_row_index("number", 1)


def _with_place(frame: pl.DataFrame, intake: Intake) -> pl.DataFrame:
    places = [intake.registry.municipality_of(school_id) for school_id in frame["school_id"]]
    return frame.with_columns(pl.Series("municipality", places, pl.String))


def _tell(
    intake: Intake, check: str, rows: pl.DataFrame, found: Iterable[str], expected: str, advice: str, field: str = "",
    fail: bool = False,
) -> None:  # fmt: skip
    """One finding for each row, at the place it came from; `field` is the one whose column is to be looked at."""
    tell = intake.findings.fail if fail else intake.findings.advise
    for row, text in zip(rows.iter_rows(named=True), found, strict=True):
        file, school_id = row["source_file"], row["school_id"]
        column = intake.titles[file].get(field, "")
        problem = Problem(file, text, expected, advice, row["source_sheet"] or "", row["source_row"], column)
        tell(check, problem, school_id, intake.registry.municipality_of(school_id))


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"


def nobody(rows: pl.DataFrame, value: str, intake: Intake) -> None:
    """Results of no participants."""
    of_some = rows.filter(pl.col(value).is_not_null()).unique(
        ["source_file", "source_sheet", "source_row"], maintain_order=True
    )
    wrong = of_some.filter(pl.col("n_participants") == 0)
    _tell(intake, "nobody", wrong, ["результат при нуле участников"] * wrong.height, "пустые ячейки или участники",
          "уточните число участников", "n_participants", fail=True)  # fmt: skip


def expected_files(
    results: pl.DataFrame, passports: pl.DataFrame, params: Params, intake: Intake, refused: set[tuple[int, str]]
) -> None:
    """What the calendar says was held must be there, what was not must not; a passport for every year."""
    calendar, titles = intake.calendar, subject_titles()

    def fail(place: str, found: str, expected: str, advice: str) -> None:
        intake.findings.fail("expected_files", Problem(place, found, expected, advice))

    there = set(results.select("year", "procedure", "subject").unique().iter_rows())
    for year in params.years:
        if passports.filter(year=year).is_empty() and (year, "passport") not in refused:
            fail(f"папка {year}/passport", "социальных паспортов нет", f"паспорта за {year} год",
                 "положите файлы или уберите год из ключа years")  # fmt: skip
        for one in params.described.results:
            session = calendar.session(one.procedure, year)
            wanted = session and session.held and (not session.subjects or one.subject in session.subjects)
            if session is None:
                fail("procedures.yml", f"процедуры {one.procedure} за {year} год нет",
                     "строка о том, была ли она и можно ли её сравнивать", "впишите год в params/procedures.yml")  # fmt: skip
            elif (
                wanted
                and (year, one.procedure, one.subject) not in there
                and (year, one.procedure.lower()) not in refused
            ):
                fail(f"папка {year}/{one.procedure.lower()}", f"результатов «{one.title}» нет", f"файл за {year} год",
                     "положите файл; если процедуры не было, впишите это в params/procedures.yml")  # fmt: skip
    for year, procedure in sorted({(year, procedure) for year, procedure, _ in there}):
        session = calendar.session(procedure, year)
        subjects = [subject for subject in titles if (year, procedure, subject) in there]
        other = [
            titles[subject] for subject in subjects if session and session.subjects and subject not in session.subjects
        ]
        if session and (other or not session.held):
            held = ", ".join(titles.get(subject, subject) for subject in session.subjects)
            fail(f"папка {year}/{procedure.lower()}", f"результаты за {year} год" + (f": {', '.join(other)}" if other else ""),
                 f"{f'только {held}' if other else 'ничего'}: {session.reason.rstrip('.')}",
                 "проверьте год в имени папки или params/procedures.yml")  # fmt: skip


def absent_school(
    passports: pl.DataFrame, schools: pl.DataFrame, intake: Intake, refused: set[tuple[int, str]]
) -> None:
    """Schools of the registry without a passport, in years all of whose passports could be read."""
    for year in sorted(year for year in set(passports["year"]) if (year, "passport") not in refused):
        alive = schools.filter(year=year)
        without = alive.join(passports.filter(year=year), on="school_id", how="anti").sort("school_id")
        for school_id, name, place in without.select("school_id", "school_name", "group_name").iter_rows():
            intake.findings.advise(
                "absent_school",
                Problem(f"папка {year}/passport", f"школы «{name}» нет ни в одном файле", "паспорт каждой школы",
                        "запросите паспорт; без него школа не получит ожидаемого результата"),
                school_id, place,
            )  # fmt: skip


def enrolled(results: pl.DataFrame, passports: pl.DataFrame, intake: Intake) -> None:
    """More participants in one grade than pupils in the whole school."""
    both = results.join(passports.select("year", "school_id", pupils="n_pupils"), on=["year", "school_id"])
    wrong = both.filter((pl.col("n_participants") > pl.col("pupils")) & (pl.col("pupils") > 0))
    texts = [f"участников {row['n_participants']:.0f}, а учеников в школе {row['pupils']:.0f}"
             for row in wrong.iter_rows(named=True)]  # fmt: skip
    _tell(intake, "enrolled", wrong, texts, "участников не больше, чем учеников",
          "проверьте число участников и социальный паспорт", "n_participants", fail=True)  # fmt: skip


def _parts(passports: pl.DataFrame) -> list[str]:
    return [name for name in passports.columns if name.startswith("n_") and name != "n_pupils"]


def whole(passports: pl.DataFrame, intake: Intake) -> None:
    """A part of the pupils larger than all of them."""
    for part in _parts(passports):
        wrong = passports.filter(pl.col(part) > pl.col("n_pupils"))
        texts = [f"{row[part]:.0f}, а учеников {row['n_pupils']:.0f}" for row in wrong.iter_rows(named=True)]
        _tell(
            intake, "whole", wrong, texts, "не больше числа учеников", "исправьте одно из двух чисел", part, fail=True
        )
    both, one, pupils = (pl.col(name) for name in ("n_both_higher", "n_one_higher", "n_pupils"))
    wrong = passports.filter(both + one > pupils, both <= pupils, one <= pupils)
    texts = [f"оба {row['n_both_higher']:.0f} и один {row['n_one_higher']:.0f}, а учеников {row['n_pupils']:.0f}"
             for row in wrong.iter_rows(named=True)]  # fmt: skip
    _tell(
        intake,
        "whole",
        wrong,
        texts,
        "вместе не больше числа учеников",
        "исправьте одно из чисел",
        "n_both_higher",
        fail=True,
    )


def union(passports: pl.DataFrame, intake: Intake) -> None:
    """The number on either list: at least the longer, at most the sum, and hardly ever exactly the sum."""
    one, other, either = pl.col("n_supervised"), pl.col("n_at_risk"), pl.col("n_supervised_or_at_risk")
    wrong = passports.filter((either > one + other) | (either < pl.max_horizontal(one, other)))
    summed = passports.filter((either == one + other) & (one > 0) & (other > 0) & (either >= _UNION_FROM))
    for rows, expected, advice, fail in (
        (wrong, "от большего из двух до их суммы", "исправьте: каждый ученик считается один раз", True),
        (summed, "меньше суммы, если кто-то состоит в обоих списках",
         "проверьте, не сложены ли два списка: кто состоит в обоих, считается один раз", False),
    ):  # fmt: skip
        texts = [_of_lists(row) for row in rows.iter_rows(named=True)]
        _tell(intake, "union", rows, texts, expected, advice, "n_supervised_or_at_risk", fail)


def _of_lists(row: dict) -> str:
    lists = {"на учёте": row["n_supervised"], "в группе риска": row["n_at_risk"]}
    filled = " и ".join(f"{count:.0f} {where}" for where, count in lists.items() if count is not None)
    return f"{row['n_supervised_or_at_risk']:.0f} при {filled}"


def zeros(passports: pl.DataFrame, intake: Intake) -> None:
    """A large school without a single case of what every large school has."""
    kinds = ["n_single_parent", "n_supervised_or_at_risk"]
    wrong = passports.filter(
        (pl.col("n_pupils") >= _ZEROS_FROM) & pl.all_horizontal(pl.col(name) == 0 for name in kinds)
    )
    texts = [f"нули, а учеников {row['n_pupils']:.0f}" for row in wrong.iter_rows(named=True)]
    _tell(
        intake,
        "zeros",
        wrong,
        texts,
        "числа детей",
        "если данных нет, оставьте ячейки пустыми",
        "n_single_parent",
    )


def copied(passports: pl.DataFrame, intake: Intake) -> None:
    """All counts equal last year's."""
    counts = ["n_pupils", *_parts(passports)]
    before = passports.select(
        pl.col("year") + 1, "school_id", *(pl.col(name).alias(f"{name}_before") for name in counts)
    )
    both = passports.join(before, on=["year", "school_id"])
    wrong = both.filter(
        pl.all_horizontal(pl.col(name).eq_missing(pl.col(f"{name}_before")) for name in counts),
        pl.col("n_pupils") >= 30,
    )
    texts = [f"те же числа, что за {row['year'] - 1} год" for row in wrong.iter_rows(named=True)]
    _tell(intake, "copied", wrong, texts, "числа этого года", "запросите паспорт заново")


def both_higher(passports: pl.DataFrame, schools: pl.DataFrame, intake: Intake) -> None:
    """More graduate parents than is believable; villages that fill the form themselves report too many."""
    place = schools.select("year", "school_id", "locality")
    both = passports.join(place, on=["year", "school_id"], how="left").with_columns(
        share=pl.col("n_both_higher") / pl.col("n_pupils")
    )
    limit = pl.when(pl.col("locality") == "село").then(_BOTH_HIGHER_RURAL).otherwise(_BOTH_HIGHER)
    wrong = both.filter((pl.col("share") > limit) & (pl.col("share") <= 1) & (pl.col("n_pupils") >= 10))
    texts = [f"{_percent(row['share'])} ({row['locality']})" for row in wrong.iter_rows(named=True)]
    _tell(intake, "both_higher", wrong, texts, f"в селе до {_percent(_BOTH_HIGHER_RURAL)}, в городе до {_percent(_BOTH_HIGHER)}",
          "уточните, как считали: оба родителя с высшим образованием", "n_both_higher")  # fmt: skip


def jumps(results: pl.DataFrame, passports: pl.DataFrame, intake: Intake) -> None:
    """Means of marks and social shares that change from one year to the next more than schools do."""
    marks = results.filter(pl.col("share_2").is_not_null()) if "share_2" in results.columns else results.clear()
    keys = ["school_id", "procedure", "subject", "grade"]
    _jump(marks, keys, "mean", _JUMP_MARK, "n_participants", lambda mean: f"{mean:.2f}".replace(".", ","), intake,
          "mean_mark")  # fmt: skip
    for part in ("n_both_higher", "n_single_parent", "n_supervised_or_at_risk"):
        shares = passports.with_columns(share=pl.col(part) / pl.col("n_pupils"))
        _jump(shares, ["school_id"], "share", _JUMP_SHARE, "n_pupils", _percent, intake, part, _JUMP_FROM * 3)


def _jump(
    rows: pl.DataFrame, keys: list[str], value: str, limit: float, n: str, form: Callable[[float], str], intake: Intake, field: str,
    n_least: int = _JUMP_FROM,
) -> None:  # fmt: skip
    ordered = rows.filter(pl.col(n) >= n_least, pl.col(value).is_not_null()).sort(*keys, "year")
    steps = ordered.with_columns(
        before=pl.col(value).shift(1).over(keys), year_before=pl.col("year").shift(1).over(keys)
    )
    wrong = steps.filter((pl.col(value) - pl.col("before")).abs() > limit)
    texts = [
        f"{form(row[value])}, а в {row['year_before']} году {form(row['before'])}"
        for row in wrong.iter_rows(named=True)
    ]
    _tell(
        intake,
        "jumps",
        wrong,
        texts,
        "изменения меньше",
        "проверьте обе строки: не перепутаны ли школы или столбцы",
        field,
    )


def heaping(scores: pl.DataFrame, intake: Intake) -> None:
    """Scores that pile up where papers are pushed over a mark's threshold.

    A school's number at each score is compared with its numbers at the two scores below and above; in the
    region's other schools the same five scores say what share to expect (binomial). Too many at one score
    is named, once a school and work, not judged: thresholds attract honest graders too.
    """
    if scores.is_empty():
        return
    keys = ["year", "subject", "grade"]
    counted = scores.with_columns(n=(pl.col("share") * pl.col("n_participants")).round())
    whole = counted.with_columns(all=pl.col("n").sum().over(*keys, "score") - pl.col("n")).sort("score")
    around = [
        (n, pl.col(n).rolling_sum(_AROUND, center=True, min_samples=1).over(*keys, "school_id")) for n in ("n", "all")
    ]
    near = whole.with_columns(**{f"{n}_near": expression for n, expression in around}).filter(
        pl.col("n_participants") >= _JUMP_FROM, pl.col("n") >= _HEAP
    )
    usual = ((near["all"] + 0.5) / (near["all_near"] + 1)).to_numpy()  # never 0, however rare the score
    wrong = (
        near.with_columns(p=pl.Series(binom.sf(near["n"].to_numpy() - 1, near["n_near"].to_numpy(), usual)))
        .filter(pl.col("p") < _HEAPING_P)
        .sort("p", *keys, "school_id")
        .unique(["school_id", *keys], keep="first", maintain_order=True)
    )
    texts = [f"работ с баллом {row['score']} — {row['n']:.0f}, а с двумя баллами ниже и выше — "
             f"{row['n_near'] - row['n']:.0f}" for row in wrong.iter_rows(named=True)]  # fmt: skip
    _tell(intake, "heaping", wrong, texts, "распределение баллов, как в регионе",
          "сравните с федеральным списком; если школа в нём есть, впишите её в папку biased")  # fmt: skip


def low_response(questionnaires: pl.DataFrame, passports: pl.DataFrame, intake: Intake) -> None:
    """Questionnaires of pupils and parents that hardly anyone has filled in: one finding a school and role."""
    answered = (
        questionnaires.filter(pl.col("role").is_in(["pupils", "parents"]))
        .sort("source_row")
        .group_by("year", "school_id", "role", maintain_order=True)
        .agg(pl.col("n_answers").max(), pl.col("source_file", "source_sheet", "source_row").first())
        .join(passports.select("year", "school_id", "n_pupils"), on=["year", "school_id"])
    )
    few = answered.filter(pl.col("n_answers") < _RESPONSE * pl.col("n_pupils"))
    whose = {"pupils": "учеников", "parents": "родителей"}
    texts = [f"ответов {whose[row['role']]} {row['n_answers']:.0f}, а учеников в школе {row['n_pupils']:.0f}"
             for row in few.iter_rows(named=True)]  # fmt: skip
    _tell(intake, "low_response", few, texts, f"ответы хотя бы {_percent(_RESPONSE)}", "повторите анкетирование; до тех пор "
          "по анкетам школы ничего не говорится")  # fmt: skip
