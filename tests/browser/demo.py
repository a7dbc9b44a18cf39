"""Set up an installation with the demo and list the URLs of its pages.

Every page of the program is in PAGES or OUTSIDE by the name of its route, or in NOT_A_PAGE with the
reason; `test_every_page.py` proves that none is missing.
"""

import base64
import re
import time
from urllib.parse import urlsplit

from playwright.sync_api import Page, expect

from tests.browser.people import follow
from tests.live import PASSWORD, Server
from tests.pictures import packed_files, photos

PATIENCE = 900
COLOURS = ["red", "red", "blue", "green"]

# For signed-in users. The names in braces are paths of objects, see `things`.
PAGES: dict[str, list[str]] = {
    "home": ["/"],
    "demo": ["/demo/"],
    "images": ["/images/", "/images/?test=1", "/images/?search=nothing-is-called-so"],
    "image": ["{image}"],
    "image-change": ["{image}/change"],
    "upload-new": ["/uploads/new"],
    "upload-unfinished": ["/uploads/"],
    "upload-sending": ["{sending}"],
    "upload": ["{upload}", "{planned}"],
    "upload-rows": ["{planned}/rows?show=wrong", "{planned}/rows?group=red"],
    "upload-undo": ["{upload}/undo"],
    "types": ["/types/"],
    "type-new": ["/types/new"],
    "type": ["{type}"],
    "type-change": ["{type}/change"],
    "groups": ["/groups/", "/groups/?search=nothing-is-called-so"],
    "group-new": ["/groups/new"],
    "group": ["{group}", "{nested}"],
    "group-change": ["{group}/change"],
    "group-images": ["{group}/images"],
    "group-groups": ["{group}/groups"],
    "tasks": ["/tasks/"],
    "task-new": ["/tasks/new"],
    "task": ["{task}"],
    "task-change": ["{task}/change"],
    "version": ["{version}"],
    "collections": ["/collections/"],
    "collection-new": ["/collections/new"],
    "collection": ["{collection}"],
    "collection-change": ["{collection}/change"],
    "collection-search": ["{collection}/search"],
    "search": ["/search/"],
    "extractions": ["/extractions/", "/extractions/?filter=search%3D1"],
    "extraction": ["{extraction}"],
    "jobs": ["/jobs/", "/jobs/?state=failed", "/jobs/?kind=train&state=done"],
    "job": ["{job}"],
    "activity": ["/activity/"],
    "connect": ["/connect/"],
    "manual": ["/docs/", "/docs/?search=images"],
    "manual-page": ["/docs/architecture"],
    "settings": ["/settings/"],
    "account-events": ["/settings/account-activity", "/settings/account-activity?verb=invited"],
    "own-account-events": ["/settings/account-activity/own"],
    "encoders": ["/settings/encoders"],
    "encoder-new": ["/settings/encoders/new"],
    "connections": ["/settings/connections"],
    "link": ["/settings/link"],
    "connection-token": ["{connecting}"],
    "webhooks": ["/settings/webhooks"],
    "webhook": ["{webhook}"],
    "webhook-change": ["{webhook}/change"],
    "transfers": ["/settings/transfers"],
    "transfer": ["{transfer}"],
    "members": ["/settings/members"],
    "tokens": ["/settings/tokens"],
    "workspace-new": ["/settings/workspace/new"],
    "account_logout": ["/accounts/logout/"],
    "account": ["/settings/account"],
    "account-email": ["/settings/account/email"],
    "account-email-confirm": ["/settings/account/email/confirm/no-such-secret"],
    "account-password": ["/settings/account/password"],
    "account-sessions": ["/settings/account/sessions"],
    "second-factor": ["/settings/account/second-factor"],
    "second-factor-new": ["/settings/account/second-factor/new"],
}
# Invalid URLs.
WRONG = ["/not-there", "/images/?cursor=damaged"]
# For signed-out users.
OUTSIDE: dict[str, list[str]] = {
    "account_login": ["/accounts/login/", "/accounts/login/?next=/&over=unsaved"],
    "account_reset_password": ["/accounts/password/reset/"],
    "account_reset_password_done": ["/accounts/password/reset/done/"],
    "account_reset_password_from_key": ["/accounts/password/reset/key/1-spent/"],
    "account_reset_password_from_key_done": ["/accounts/password/reset/key/done/"],
    "account_inactive": ["/accounts/inactive/"],
    "account_signup": ["/accounts/signup/"],
    "setup": ["/setup"],
    "invitation": ["/invitations/no-such-secret"],
}
NOT_A_PAGE: dict[str, str] = {
    "api-unknown": "JSON",
    "docs": "Swagger UI, which is not ours to mend; see test_docs_page",
    "extraction-file": "a file",
    "group-names": "what a field for a name offers while one types",
    "healthz": "JSON",
    "image-alike": "a strip of the image's page, or a redirect to the search",
    "image-file": "a picture",
    "invitation-answer": "it is looked at in the walk, where an invitation is open",
    "mfa_authenticate": "it is looked at in test_account_walk, where a password was given",
    "recovery-codes-new": "it is looked at in test_account_walk, where a second factor is on",
    "second-factor-off": "it is looked at in test_account_walk, where a second factor is on",
    "job-progress": "a fragment of the job's page, or a redirect to it",
    "job-tray": "a fragment of every page, or a redirect to the list",
    "schema": "JSON",
    "thumbnail-file": "a picture",
    "transfer-file": "a file",
    "upload-failures": "a CSV file",
    "upload-parts": "JSON",
}
LISTED_ON = {
    "image": "/images/",
    "type": "/types/",
    "group": "/groups/",
    "task": "/tasks/",
    "version": "{task}",
    "collection": "/collections/",
    "job": "/jobs/",
    "extraction": "/extractions/",
    "transfer": "/settings/transfers",
}


def set_up(installation: Server, page: Page) -> None:
    """Create the first account with the link that the start printed."""
    page.goto(installation.setup_link())
    page.get_by_label("Email").fill("alice@example.org")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Workspace name").fill("Alice’s shop")
    page.get_by_role("button", name="Create account").click()
    expect(page).to_have_title("Home · Likewise")


def load(page: Page) -> None:
    """Load the demo with its button and wait until it is trained."""
    follow(page.get_by_role("button", name="Load the demo"))
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        page.goto(absolute(page, "/tasks/"))
        task = page.get_by_role("link", name="Demo shop", exact=True)
        if task.count():
            task.first.click()
            if page.get_by_text("Better in MAP@R").count():
                return
        time.sleep(1)
    raise AssertionError("the demo was not trained in time")


def extract(page: Page) -> None:
    """Extract the descriptors of the results of a search in the grid."""
    page.goto(absolute(page, "/images/?search=1.jpg"))
    page.get_by_role("link", name="Extract embeddings of these images").click()
    expect(page.get_by_text("Source: images with “1.jpg” in the file name")).to_be_visible()
    page.get_by_role("button", name="Extract", exact=True).click()
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=240_000)


def export(page: Page) -> None:
    """Export the whole workspace."""
    page.goto(absolute(page, "/settings/transfers"))
    page.get_by_role("button", name="Export this workspace").click()
    expect(page.get_by_role("link", name="Download")).to_be_visible(timeout=240_000)


def add_connection(page: Page) -> str:
    """Add a server that is never asked, and return the path of the form for its token."""
    page.goto(absolute(page, "/settings/connections"))
    page.get_by_label("URL").fill("https://there.example.org")
    follow(page.get_by_role("button", name="Add connection"))
    return urlsplit(page.url).path


def add_webhook(page: Page) -> str:
    """Add a webhook to a host that cannot exist, send a test, and return the path of its page."""
    page.goto(absolute(page, "/settings/webhooks"))
    page.get_by_label("URL").fill("https://receiver.invalid/hook")
    follow(page.get_by_role("button", name="Add webhook"))
    follow(page.get_by_role("link", name="receiver.invalid"))
    follow(page.get_by_role("button", name="Send a test"))
    return urlsplit(page.url).path


def collect(page: Page) -> None:
    """Make a collection of the demo's version and put the images into it."""
    page.goto(absolute(page, "/collections/new"))
    page.get_by_label("Name").fill("Demo catalogue")
    page.get_by_role("button", name="Save").click()
    page.get_by_role("button", name="Add images").click()
    expect(page.get_by_text(re.compile(r"\b4[2-9]\d records"))).to_be_visible(
        timeout=PATIENCE * 1000
    )


def things(page: Page) -> dict[str, str]:
    """Return the path of the first object of each list."""
    found: dict[str, str] = {}
    for name, listed in LISTED_ON.items():
        page.goto(absolute(page, listed.format(**found)))
        found[name] = _first(page, f"{'/settings' * (name == 'transfer')}/{name}s/")
    page.goto(absolute(page, "/jobs/"))
    page.get_by_role("link", name=re.compile("^Upload of")).first.click()
    found["upload"] = _first(page, "/uploads/")
    return found


def nest(installation: Server, found: dict[str, str]) -> str:
    """Put a group into another one, and return the path of the parent."""
    group_id = found["group"].rpartition("/")[2]
    return "/groups/" + installation.manage(
        "shell",
        "--verbosity=0",
        "--command",
        f"""
from accounts.models import User
from dashboard.models import Group
from dashboard.services.library.groups import create_group
from dashboard.services.library.nesting import add_groups
actor, child = User.objects.first(), Group.objects.get(pk="{group_id}")
above = create_group(similarity_type=child.similarity_type, name="Above it", actor=actor)
add_groups(group=above, ids=[child.pk], actor=actor)
print(above.pk)
""",
    )


def send_half(installation: Server) -> str:
    """Create an upload without its files, and return the path of its page."""
    upload = installation.manage(
        "shell",
        "--verbosity=0",
        "--command",
        """
from accounts.models import User
from dashboard.services.uploads.receiving import open_upload, register_part
actor = User.objects.order_by("created", "pk").first()
workspace = actor.memberships.first().workspace
upload = open_upload(workspace=workspace, name="Spring", actor=actor)
register_part(upload=upload, name="red/1.jpg", size=20000, actor=actor)
print(upload.pk)
""",
    )
    return f"/uploads/{upload}/files"


def plan(page: Page) -> str:
    """Upload a ZIP with an error in it, check it, and return the path of its plan."""
    page.goto(absolute(page, "/uploads/new"))
    path: str = page.evaluate(
        """async archive => {
            const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
            const form = new FormData();
            form.append("csrfmiddlewaretoken", token);
            form.append("new_type", "Same shoe");
            const bytes = Uint8Array.from(atob(archive), one => one.charCodeAt(0));
            form.append("file", new File([bytes], "shoes.zip"));
            const answer = await fetch("/uploads/new", {method: "POST", body: form});
            return new URL(answer.url).pathname;
        }""",
        base64.b64encode(_shoes()).decode(),
    )
    page.goto(absolute(page, path))
    expect(page.get_by_role("button", name=re.compile("^Import"))).to_be_visible(timeout=240_000)
    return path


def _shoes() -> bytes:
    drawn = photos(len(COLOURS), size=(96, 72))
    files = {f"shoes/{colour}/{n}.jpg": drawn[n] for n, colour in enumerate(COLOURS)}
    return packed_files(files | {"shoes/red/notes.txt": b"These are the red ones."})


def fill(installation: Server, page: Page) -> dict[str, str]:
    """Add what the demo lacks; return the path of one object of each kind."""
    extract(page)
    collect(page)
    export(page)
    found = things(page)
    return found | {
        "connecting": add_connection(page),
        "webhook": add_webhook(page),
        "nested": nest(installation, found),
        "sending": send_half(installation),
        "planned": plan(page),
    }


def addresses(found: dict[str, str]) -> list[str]:
    """Return the URLs of every page for signed-in users, and of error pages."""
    return [one.format(**found) for listed in PAGES.values() for one in listed] + WRONG


def _first(page: Page, start: str) -> str:
    # The page of a link that was just clicked may still be loading; only ids have a hyphen.
    page.locator(f'main a[href^="{start}"][href*="-"]').first.wait_for(state="attached")
    path = page.evaluate(
        """start => [...document.querySelectorAll("main a[href]")]
            .map(link => link.getAttribute("href"))
            .find(href => new RegExp(`^${start}[0-9a-f-]{36}$`).test(href))""",
        start,
    )
    assert path, f"{page.url} links to nothing below {start}"
    return str(path)


def absolute(page: Page, path: str) -> str:
    """Return the full URL of a path on the page's server."""
    scheme, _, rest = page.url.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}{path}"


def visit(page: Page, path: str, theme: str) -> None:
    """Open a page in a theme and wait until it has loaded completely."""
    page.emulate_media(color_scheme=theme, reduced_motion="reduce")
    page.goto(path if "://" in path else absolute(page, path), wait_until="load")
    expect(page.locator(".htmx-request")).to_have_count(0)
