"""What an analyst shows on a page of one's own: charts and tables of any library, and what is asked for where it lacks."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import polars as pl
import pytest
from bs4 import BeautifulSoup
from matplotlib.figure import Figure
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, writes

from helpers.problems import BrokenPage, NotebookFailed
from helpers.publish.execute import WarmKernel, run_notebook
from helpers.publish.page_source import page_source
from helpers.show import emit

NB = "\u00a0"


def notebook(path: Path, *cells: str) -> Path:
    parameters = new_code_cell('report = ""', metadata={"tags": ["parameters"]})
    made = new_notebook(cells=[new_markdown_cell("# Моя страница"), parameters, *map(new_code_cell, cells)])
    made.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    path.write_text(writes(made), encoding="utf-8")
    return path


def table(shown: emit.Shown) -> list[list[str]]:
    rows = BeautifulSoup(shown.for_jupyter["text/html"], "html.parser").select("tr")
    return [[cell.get_text() for cell in row.find_all(["th", "td"])] for row in rows]


def test_a_table_of_either_library_has_russian_numbers():
    values = {"Год": [2021, 2022], "Школ": [1234, None], "Результат": [-0.256, 0.5], "Да": [True, False]}
    dated = values | {"Срок": [date(2021, 9, 1)] * 2}
    from_polars, from_pandas = emit.show(pl.DataFrame(dated), "Школы"), emit.show(pd.DataFrame(values), "Школы")
    assert table(from_polars) == [
        ["Год", "Школ", "Результат", "Да", "Срок"],
        ["2021", f"1{NB}234", "−0,26", "да", "01.09.2021"],
        ["2022", "—", "0,50", "нет", "01.09.2021"],
    ]
    # pandas makes a column with a gap one of numbers with decimals
    assert table(from_pandas) == [row[:4] for row in table(from_polars)]


def test_columns_are_chosen_ordered_and_titled():
    frame = pl.DataFrame({"school_name": ["СШ <1>"], "effect": [0.25], "group_id": ["k1"]})
    shown = emit.show(frame, "Школы", columns={"effect": "Отклонение", "school_name": "Школа"})
    assert table(shown) == [["Отклонение", "Школа"], ["0,25", "СШ <1>"]] and "СШ <1>" not in shown.markdown
    with pytest.raises(BrokenPage, match="нет столбцов: effekt; есть: school_name, effect, group_id"):
        emit.show(frame, "Школы", columns={"effekt": "Отклонение"})


def test_what_pandas_groups_by_and_pivots_is_shown():
    frame = pd.DataFrame({"вид": ["СОШ", "ООШ", "СОШ"], "год": ["2021", "2021", "2022"], "n": [1.0, 2.0, 3.5]})
    assert table(emit.show(frame.groupby("вид")["n"].mean(), "Средние")) == [
        ["вид", "n"],
        ["ООШ", "2,00"],
        ["СОШ", "2,25"],
    ]
    wide = frame.pivot_table(index="вид", columns="год", values=["n"])
    assert table(emit.show(wide, "По годам")) == [
        ["вид", "n, 2021", "n, 2022"],
        ["ООШ", "2", "—"],
        ["СОШ", "1", "3,50"],
    ]
    assert table(emit.show(pd.DataFrame({"a": [1, "два", None]}), "Разное")) == [["a"], ["1"], ["два"], ["—"]]


def test_a_text_over_several_lines_is_a_template_with_values_or_without():
    wrapped = """
        **Раз**
        и два.
    """
    assert emit.text(wrapped).markdown == "**Раз** и два.\n"
    assert emit.text("{n} раз", n=2).markdown == "2 раз\n" and emit.text("Скобки {n}").markdown == "Скобки {n}\n"


def test_a_long_table_can_be_searched():
    shown = emit.show(pl.DataFrame({"a": range(100)}), "Много")
    assert "searchable" in shown.markdown and len(table(shown)) == 1 + 15


@pytest.mark.parametrize("figure", [go.Figure(go.Pie(values=[1, 2])), go.Figure(go.Heatmap(z=[[1]], x=["а"], y=["б"])),
                                    go.Figure(go.Scatter(x=[date(2021, 9, 1)], y=[2.5])), go.Figure(go.Histogram(x=[1]))])  # fmt: skip
def test_every_kind_of_plotly_chart_is_shown(figure: go.Figure):
    shown = emit.show(figure, "Итог", "Описание")
    specification = shown.for_jupyter["application/vnd.plotly.v1+json"]
    assert specification["layout"]["separators"] == f",{NB}" and specification["layout"]["height"]
    assert 'aria-label="Описание"' in shown.markdown and figure.layout.separators is None


def drawn() -> Figure:
    figure = Figure()
    figure.subplots().plot([0.5, 1.5], [1, 2])
    return figure


def test_a_drawing_is_a_picture_with_a_caption_and_the_same_on_every_run():
    shown = emit.show(drawn(), "Рост <2>", "Линия вверх")
    picture = BeautifulSoup(shown.markdown, "html.parser").figure
    assert picture.img["alt"] == "Линия вверх" and picture.figcaption.text == "Рост <2>"
    assert picture.img["src"].startswith("data:image/png;base64,")
    assert shown.markdown == emit.show(drawn(), "Рост <2>", "Линия вверх").markdown


def test_a_drawing_has_decimal_commas():
    figure = drawn()
    emit.show(figure, "Рост", "Линия")
    assert {label.get_text() for label in figure.axes[0].get_xticklabels()} >= {"0,6", "0,8", "1,0"}


@pytest.mark.parametrize(
    ("shown", "more", "says"),
    [
        (go.Figure(), {}, "у графика нет подписи"),
        (drawn(), {"caption": "Рост"}, "у графика нет описания для тех, кто его не видит"),
        (pl.DataFrame({"a": [1]}), {}, "у таблицы нет подписи"),
        (object(), {"caption": "Что-то"}, "не знаю, как показать object"),
    ],
)
def test_what_lacks_is_asked_for(shown: object, more: dict, says: str):
    with pytest.raises(BrokenPage, match=says):
        emit.show(shown, **more)


def test_a_cell_that_ends_with_something_to_see_shows_it(kernel: WarmKernel, tmp_path: Path):
    source = notebook(
        tmp_path / "page.ipynb",
        "from helpers.show import emit\nimport pandas as pd, polars as pl, matplotlib.pyplot as plt, plotly.express as px",
        "pd.DataFrame({'Доля': [0.5]})",
        "pl.Series('Школ', [3])",
        "px.line(x=[1, 2], y=[1, 2], title='Рост')",
        "pd.Series([1, 2]).plot()",  # the axes are what the cell ends with
        "plt.plot([1, 2])",  # lines, and pyplot would show the figure once more
        "plt.bar([1], [2]);",  # nothing but what pyplot shows
        "'**Текст.**'",
        "emit.show(px.bar(x=['а'], y=[1]), caption='Подпись', alt='Описание')",
    )
    ran = [tmp_path / f"{number}.ipynb" for number in range(2)]
    for target in ran:
        run_notebook(source, target, {"report": "x"}, kernel)
    page = page_source(ran[0], "page")
    assert page == page_source(ran[1], "page")
    soup = BeautifulSoup(page, "html.parser")
    assert len(soup.select(".data-table")) == 2 and len(soup.select("figure.chart")) == 2
    assert len(soup.select("figure.drawing img[alt]")) == 3 and "**Текст.**" in page and ">0,50<" in page
    assert [caption.text for caption in soup.select("figure.chart figcaption")] == ["Рост", "Подпись"]


def test_a_missing_caption_is_an_error_of_its_cell(kernel: WarmKernel, tmp_path: Path):
    source = notebook(tmp_path / "page.ipynb", "import polars as pl\nfrom helpers.show import emit",
                      "emit.show(pl.DataFrame({'a': [1]}))")  # fmt: skip
    with pytest.raises(NotebookFailed) as caught:
        run_notebook(source, tmp_path / "ran.ipynb", {"report": "x"}, kernel)
    said = str(caught.value)
    assert (
        said.startswith("page.ipynb, ячейка 3") and "допишите в emit.show: caption=" in said and "Traceback" not in said
    )
