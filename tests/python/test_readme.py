"""What README.md shows is what happens."""

import docblocks
import pyarrow.parquet as pq


def test_the_code_in_the_readme_runs(tmp_path, monkeypatch, capsys):
    names = docblocks.run("README.md", tmp_path, monkeypatch)
    assert names["loss"].count() == 152  # two runs of 176 steps, from step 100 on
    assert pq.read_metadata("scalars.parquet").num_rows == names["logs"].scalars().count()
    assert "torch_digits/lr0.01_bs32" in capsys.readouterr().out


def test_links_in_the_readme_lead_somewhere():
    # docs/chart.svg and benches/record come from a measurement.
    measured = {"docs/chart.svg", "benches/record"}
    assert set(docblocks.broken_links("README.md")) <= measured
