"""Original formats of public data sets: small ones written here, real ones where they lie."""

from __future__ import annotations

import gzip
import importlib.util
import json

import pytest

from penchant import data
from penchant.core import DataError, UsageError


def events(dataset):
    """Events as readable rows, by user, oldest first."""
    made = dataset.interactions
    e = made.events
    return [
        (user, item, time, made.kinds[kind], value)
        for user, item, time, kind, value in zip(
            made.users.names(e.row), made.items.names(e.item), e.time, e.kind, e.value, strict=True
        )
    ]


def test_movielens_100k(tmp_path):
    flags = "|".join("1" if n in (1, 5) else "0" for n in range(19))
    (tmp_path / "u.data").write_text("1\t10\t5\t20\n1\t11\t3\t10\n")
    (tmp_path / "u.item").write_bytes(
        f"10|Amélie (2001)|01-Jan-2001||http://x|{flags}\n"
        f"11|Heat (1995)|01-Jan-1995||http://y|{'|'.join('0' * 19)}\n".encode("latin-1")
    )
    (tmp_path / "u.user").write_text("1|24|M|technician|85711\n")
    read = data.open_folder(tmp_path)
    assert events(read) == [("1", "11", 10, "rating", 3), ("1", "10", 20, "rating", 5)]
    assert read.catalogue.texts == ("Amélie (2001). Action, Comedy", "Heat (1995)")
    assert read.users.row(0, named=True)["occupation"] == "technician"


def test_movielens_1m(tmp_path):
    (tmp_path / "ratings.dat").write_text("1::10::5::20\n1::11::3::10\n")
    (tmp_path / "movies.dat").write_bytes(
        "10::Amélie: The Film (2001)::Comedy|Romance\n11::Heat (1995)::Action\n".encode("latin-1")
    )
    read = data.open_folder(tmp_path)
    assert events(read) == [("1", "11", 10, "rating", 3), ("1", "10", 20, "rating", 5)]
    assert read.catalogue.texts == (
        "Amélie: The Film (2001). Comedy, Romance",
        "Heat (1995). Action",
    )


def test_movielens_latest(shared):
    read = data.open_folder(shared("ml-latest-small"))
    assert (len(read.interactions.users), len(read.catalogue), len(read.interactions)) == (
        610,
        9742,
        100_836,
    )
    assert (
        read.catalogue.texts[0]
        == "Toy Story (1995). Adventure, Animation, Children, Comedy, Fantasy"
    )
    assert read.name == "ml-latest-small"
    liked = data.read_movielens(shared("ml-latest-small"), feedback="rating >= 4")
    assert len(liked.interactions) == 48_580


@pytest.mark.skipif(
    not importlib.util.find_spec("recbole"), reason="the package recbole is not installed"
)
def test_the_demo_is_movielens_100k():
    read = data.read_demo()
    assert (len(read.interactions.users), len(read.catalogue), len(read.interactions)) == (
        943,
        1682,
        100_000,
    )
    assert read.catalogue.texts[0] == "Toy Story (1995). Animation, Children's, Comedy"
    assert read.catalogue.titles[1] == "GoldenEye (1995)"
    assert read.interactions.timed
    assert read.notes == ()


def test_mind_has_clicks_of_impressions_and_of_histories(tmp_path):
    (tmp_path / "behaviors.tsv").write_text(
        "1\tU1\t11/12/2019 2:14:46 PM\tN1 N2\tN3-0 N4-1 N1-1\n"
        "2\tU1\t11/11/2019 12:00:00 AM\tN1 N2\tN3-1\n"
        "3\tU2\t11/12/2019 2:14:46 PM\t\tN3-0\n"
    )
    (tmp_path / "news.tsv").write_text(
        "".join(
            f'N{n}\tsport\tgolf\t"Title" {n}\tAbout {n}\thttp://x\t[]\t[]\n' for n in range(1, 5)
        )
    )
    read = data.open_folder(tmp_path)
    first, second = 1573430400.0, 1573568086.0
    assert [(item, time) for _, item, time, _, _ in events(read)] == [
        ("N1", first - 2),
        ("N2", first - 1),
        ("N3", first),
        ("N4", second),
        ("N1", second),
    ]
    assert read.interactions.kinds == ("click",)
    assert read.catalogue.texts[0] == '"Title" 1. sport. golf. About 1'


def test_mind_says_on_which_line_an_item_is_unknown(shared):
    with pytest.raises(
        DataError, match=r"behaviors.tsv:1: item_id: 'N138' is not in the catalogue"
    ):
        data.open_folder(shared("mind-sample"))
    read = data.open_folder(shared("mind-sample"), unknown_items="drop")
    assert len(read.catalogue) == 2000


def test_lastfm_counts_plays_in_an_order_drawn_by_chance(shared):
    read = data.open_folder(shared("lastfm-hetrec-2k"))
    assert (len(read.interactions.users), len(read.catalogue), len(read.interactions)) == (
        1892,
        17_632,
        92_834,
    )
    made = read.interactions
    value = made.events.value[made.events.indptr[0] : made.events.indptr[1]]
    assert value.max() == 13_883
    assert not (value[:-1] >= value[1:]).all()
    assert read.digest == data.open_folder(shared("lastfm-hetrec-2k")).digest
    assert "drawn by chance" in read.notes[0]


REVIEWS = [("u1", "B1", 5.0, 20), ("u1", "B2", 3.0, 10), ("u2", "B1", 4.0, 30)]
AMAZON = [
    ("u1", "B2", 10, "rating", 3),
    ("u1", "B1", 20, "rating", 5),
    ("u2", "B1", 30, "rating", 4),
]


def lines(rows, write=json.dumps):
    return "".join(write(row) + "\n" for row in rows).encode()


def test_amazon_2014_with_metadata_written_as_python(tmp_path):
    meta = [
        {
            "asin": "B1",
            "title": 'Bob\'s "Brush"',
            "categories": [["Beauty", "Hair"], ["Beauty", "Tools"]],
            "price": 3.5,
        },
        {"asin": "B2", "description": "A comb", "imUrl": "http://x"},
    ]
    reviews = [
        {
            "reviewerID": u,
            "asin": i,
            "overall": v,
            "unixReviewTime": t,
            "reviewText": "x",
            "helpful": [0, 1],
        }
        for u, i, v, t in REVIEWS
    ]
    (tmp_path / "meta_Beauty.json.gz").write_bytes(gzip.compress(lines(meta, repr)))
    (tmp_path / "reviews_Beauty_5.json.gz").write_bytes(gzip.compress(lines(reviews)))
    read = data.open_folder(tmp_path)
    assert events(read) == AMAZON
    assert read.catalogue.texts == ('Bob\'s "Brush". Beauty, Hair, Tools', "A comb")
    assert read.name == "reviews_Beauty_5"


@pytest.mark.parametrize("order", ["user first, as in 2014", "item first, as in 2018"])
def test_amazon_ratings_without_a_header(order, tmp_path):
    rows = [(i, u, v, t) if order.startswith("item") else (u, i, v, t) for u, i, v, t in REVIEWS]
    (tmp_path / "ratings_Beauty.csv").write_text(
        "".join(",".join(map(str, row)) + "\n" for row in rows)
    )
    (tmp_path / "meta_Beauty.json").write_bytes(
        lines([{"asin": "B1", "title": "x"}, {"asin": "B2"}])
    )
    assert events(data.read_amazon(tmp_path)) == AMAZON


def test_amazon_2018(tmp_path):
    meta = [
        {
            "asin": "B1",
            "title": "Brush",
            "category": ["Hair"],
            "description": ["Soft.", "Brown"],
            "brand": "Bob",
        },
        {"asin": "B2", "title": "Comb", "category": [], "description": [], "brand": ""},
    ]
    reviews = [
        {"reviewerID": u, "asin": i, "overall": v, "unixReviewTime": t} for u, i, v, t in REVIEWS
    ]
    (tmp_path / "meta_Luxury.json.gz").write_bytes(gzip.compress(lines(meta)))
    (tmp_path / "Luxury_5.json.gz").write_bytes(gzip.compress(lines(reviews)))
    read = data.open_folder(tmp_path)
    assert events(read) == AMAZON
    assert read.catalogue.texts == ("Brush. Hair. Bob. Soft., Brown", "Comb")


@pytest.mark.parametrize("ending", ["jsonl", "csv"])
def test_amazon_2023(ending, tmp_path):
    now = 1_600_000_000_000  # milliseconds
    meta = [
        {
            "parent_asin": "B1",
            "title": "Brush",
            "main_category": "All Beauty",
            "features": ["soft"],
            "details": {"a": "b"},
        },
        {
            "parent_asin": "B2",
            "title": "Comb",
            "main_category": None,
            "features": [],
            "details": {},
        },
    ]
    rows = [
        {"user_id": u, "parent_asin": i, "asin": "child", "rating": v, "timestamp": now + t * 1000}
        for u, i, v, t in REVIEWS
    ]
    (tmp_path / "meta_All_Beauty.jsonl").write_bytes(lines(meta))
    if ending == "csv":
        table = [["user_id", "parent_asin", "rating", "timestamp"]]
        table += [[row[name] for name in table[0]] for row in rows]
        content = "".join(",".join(map(str, row)) + "\n" for row in table).encode()
    else:
        content = lines(rows)
    (tmp_path / f"All_Beauty.{ending}").write_bytes(content)
    read = data.open_folder(tmp_path)
    assert events(read) == [(u, i, now / 1000 + t, kind, v) for u, i, t, kind, v in AMAZON]
    assert read.catalogue.texts == ("Brush. All Beauty. soft", "Comb")
    assert "milliseconds" in read.notes[0]


def test_several_review_files_are_not_guessed_among(tmp_path):
    (tmp_path / "meta_A.json").write_bytes(lines([{"asin": "B1", "title": "x"}]))
    for name in ("A.csv", "A_5.csv"):
        (tmp_path / name).write_text("u1,B1,5.0,20\n")
    with pytest.raises(
        DataError, match=r"several files of reviews: A.csv, A_5.csv. Keep one of them."
    ):
        data.open_folder(tmp_path)


def test_our_own_layout(tmp_path):
    (tmp_path / "events.csv").write_text("user_id,item_id,position\nu,a,0\n")
    (tmp_path / "items.jsonl").write_text('{"item_id": "a", "title": "Alien"}\n')
    (tmp_path / "users.csv").write_text("user_id,age\nu,30\n")
    read = data.open_folder(tmp_path)
    assert read.catalogue.texts == ("Alien",)
    assert read.users is not None


def test_a_folder_of_something_else_says_what_was_looked_for(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "logs").mkdir()
    (tmp_path / "logs" / "x.log").touch()
    with pytest.raises(DataError) as caught:
        data.open_folder("logs")
    assert str(caught.value) == (
        "logs: no data set found; it holds x.log. Looked for events.* and items.* (our own layout); "
        "u.data and u.item (MovieLens 100K); ratings.dat and movies.dat (MovieLens 1M); "
        "ratings.csv and movies.csv (MovieLens latest); behaviors.tsv and news.tsv (MIND); "
        "user_artists.dat and artists.dat (Last.fm HetRec); meta_*.json* (Amazon reviews)."
    )


def test_a_damaged_original_file_names_its_line(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "ratings.dat").write_text("1::10::5::20\n1::11::3::10::9\n")
    (tmp_path / "movies.dat").write_text("10::Heat (1995)::Action\n")
    with pytest.raises(DataError) as caught:
        data.load_format("movielens", ".")
    assert str(caught.value) == (
        "ratings.dat:2: 5 fields instead of 4. A line holds user_id item_id value timestamp."
    )


def test_an_unknown_format_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"no such format\. Did you mean 'movielens'\?"):
        data.load_format("movielense", tmp_path)
