"""The comparison with other engines: each has its script and its lock, and the table says what it compares."""

from pathlib import Path

from tests.bench.peers.__main__ import HERE, PEERS, ROOT, table


def test_each_peer_has_a_script_and_a_lock_with_hashes() -> None:
    for name in PEERS:
        assert (HERE / f"{name}.py").is_file()
        lock = (ROOT / "requirements" / "peers" / f"{name}.txt").read_text(encoding="utf-8")
        assert lock.count("==") <= lock.count("--hash=")
        assert "://" not in lock
    scripts = {path.stem for path in Path(HERE).glob("*.py")} - {"common", "__main__", "__init__"}
    assert scripts == set(PEERS)


def test_the_table_gives_medians_and_ours_as_a_multiple() -> None:
    ours = [{"per_second": rate, "median_ms": 2.0} for rate in (100, 300, 200)]
    theirs = [{"per_second": 50.0, "median_ms": 4.0}, {"per_second": 150.0, "median_ms": 6.0}]
    lines = table({"ICMC": ours, "spiff": theirs})
    assert [line.split() for line in lines[1:]] == [
        ["ICMC", "200.0", "2.00", "1.00", "x"],
        ["SpiffWorkflow", "100.0", "5.00", "2.00", "x"],
    ]
