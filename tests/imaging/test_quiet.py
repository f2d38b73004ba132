"""The filters of warnings are changed for as long as a dataset is parsed, and no longer."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from pydicom.data import get_testdata_file

from vesalius.imaging import dataset


def test_other_files_are_read_while_a_child_process_inflates_one(monkeypatch):
    deflated, plain = (Path(get_testdata_file(name)) for name in ("image_dfl.dcm", "CT_small.dcm"))
    sandbox, beside = dataset.sandbox, []

    @contextmanager
    def slow(limits):
        with ThreadPoolExecutor(1) as other:
            beside.append(other.submit(dataset.open_dataset, plain).result(timeout=20))
        with sandbox(limits) as child:
            yield child

    monkeypatch.setattr(dataset, "sandbox", slow)
    assert "Rows" in dataset.open_dataset(deflated).dataset
    assert "Rows" in beside[0].dataset
