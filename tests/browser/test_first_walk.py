"""Walk from an empty machine to a trained model as one person: browser first, then curl."""

import base64
import json
import re
import subprocess
import time
from pathlib import Path

import pytest
import requests
from playwright.sync_api import Page, expect

from tests.browser.people import follow
from tests.data.products import Pool, products
from tests.files.pictures import encoded
from tests.live import PASSWORD, Server
from tests.pictures import packed_files

pytestmark = [pytest.mark.browser, pytest.mark.live]
GROUPS, VIEWS = 12, 5
A_WHILE = 120_000


def test_it_works(installation: Server, page: Page, tmp_path: Path) -> None:
    _set_up(installation, page)
    _upload(page, _archive(tmp_path))
    _train(page)
    key = _make_token(page)
    _walk_with_curl(installation.url, key, tmp_path)


def _archive(folder: Path) -> Path:
    """Draw products in a dozen colourways, a folder each, with bad files among them."""
    drawn = products(0, VIEWS, Pool(40, 10, GROUPS, 8), Pool(0, 1, 1, 1))
    files = {
        f"shop/{name}/{number}.jpg": encoded(picture, "JPEG")
        for number, (picture, name) in enumerate(
            zip(drawn.images, drawn.types["colourway"], strict=True)
        )
    }
    bad = {"shop/notes.txt": b"hello", "shop/broken.jpg": next(iter(files.values()))[:900]}
    path = folder / "shop.zip"
    path.write_bytes(packed_files(files | bad))
    return path


def _set_up(installation: Server, page: Page) -> None:
    page.goto(installation.setup_link())
    page.get_by_label("Email").fill("alice@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Workspace name").fill("Alice’s shop")
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_title("Home · Likewise")
    expect(page.get_by_text("Alice’s shop").first).to_be_visible()


def _upload(page: Page, archive: Path) -> None:
    follow(page.get_by_role("link", name="Upload").first)
    page.locator("[data-upload-input]").first.set_input_files(archive)
    page.get_by_label("Or of a new type").fill("Same colours")
    page.get_by_label("Import everything at once").check()
    page.get_by_role("button", name="Upload", exact=True).click()
    page.wait_for_url("**/uploads/*-*", timeout=4 * A_WHILE)
    page.reload()  # closing the page and opening it again changes nothing
    expect(page.get_by_text("202 of 202").first).to_be_visible(timeout=A_WHILE)
    expect(page.get_by_text("shop/notes.txt").first).to_be_visible()
    expect(page.get_by_text("not a supported image").first).to_be_visible()
    expect(page.get_by_text("end of the image is missing").first).to_be_visible()


def _train(page: Page) -> None:
    page.get_by_role("link", name="Tasks", exact=True).click()
    page.get_by_role("link", name="New task").first.click()
    page.get_by_label("Name").fill("Shop search")
    page.get_by_role("button", name="Save").click()
    page.get_by_label("Type to add").select_option(label="Same colours")
    page.get_by_role("button", name="Add type").click()
    page.get_by_role("button", name="Train a version").click()
    expect(page.get_by_text("Training of version 1").first).to_be_visible()
    verdict = page.get_by_text(re.compile("Better in MAP@R|untrained kept")).first
    expect(verdict).to_be_visible(timeout=A_WHILE)
    expect(page.get_by_text(re.compile("instead of|kept it")).first).to_be_visible()
    page.get_by_role("link", name="Version 1").first.click()
    expect(page.get_by_role("row", name="MAP@R").first).to_contain_text("%")


def _make_token(page: Page) -> str:
    page.get_by_role("link", name="Settings", exact=True).click()
    page.get_by_role("link", name="API tokens").first.click()
    page.get_by_label("Name").fill("walk")
    page.get_by_role("button", name="Create token").click()
    key = page.locator("#new-key").input_value()
    assert key.startswith("lw_")
    page.reload()
    return key


def _walk_with_curl(url: str, key: str, folder: Path) -> None:
    """Walk the same road over HTTP, the way the hosted service's page writes its examples."""

    def curl(path: str, *arguments: str) -> dict:
        command = ["curl", "-sS", "-H", f"Authorization: Token {key}", *arguments, url + path]
        done = subprocess.run(command, check=True, capture_output=True, timeout=60)
        return json.loads(done.stdout)

    similarity = "similarity/training/v2/"
    task = curl(similarity + "task", "-F", "name=By curl")
    kind = curl(similarity + "type", "-F", "name=Same thing")
    curl(f"{similarity}task/{task['id']}/add-type", "-F", f"type_id={kind['id']}")
    drawn = products(1, 4, Pool(3, 3, 3, 3), Pool(0, 1, 1, 1))
    for name in sorted(set(drawn.types["product"])):
        group = curl(similarity + "group/", "-F", f"name={name}", "-F", f"type={kind['id']}")
        for number, picture in enumerate(drawn.images):
            if drawn.types["product"][number] != name:
                continue
            file = folder / f"{number}.jpg"
            file.write_bytes(encoded(picture, "JPEG"))
            image = curl("recognition/v2/training-image", "-F", f"img_path=@{file}")
            added = curl(
                f"{similarity}group/{group['id']}/add-images",
                *("-H", "content-type: application/json"),
                *("--data", f'{{"images":["{image["id"]}"]}}'),
            )
            assert added == {"added": 1, "already": 0}
            assert requests.get(image["img_path"], timeout=30).status_code == 200
    model = curl(f"{similarity}task/{task['id']}/train", "-X", "POST")
    while model["train_status"] not in ("TRAINED", "ERROR"):
        time.sleep(0.2)
        model = curl(f"{similarity}model/{model['id']}")
    assert (model["train_status"], model["version"]) == ("TRAINED", 1)
    answer = curl(
        similarity + "descriptor",
        *("-H", "Content-Type: application/json", "-d"),
        f'{{"task_id": "{task["id"]}", "records": [{{"_base64": "{_base64(drawn.images[0])}"}}]}}',
    )
    assert answer["status"]["code"] == 200
    assert len(answer["records"][0]["_descriptor"]) == model["dimension"]


def _base64(picture) -> str:
    return base64.b64encode(encoded(picture, "JPEG")).decode()
