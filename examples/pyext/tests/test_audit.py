"""What is still alive, and whose it is."""

import json
import threading

from sundown_demo import ScriptedTool, audit


def test_a_tool_and_a_thread_of_nobody():
    go = threading.Event()
    crawler = threading.Thread(target=go.wait, name="crawler", daemon=True)
    crawler.start()
    with ScriptedTool() as tool:
        tool.add("begin", lambda: None)
        tool.execute("begin")
        found = audit()
    go.set()
    by = [thread["by"] for thread in found.threads if thread["origin"] == "tracked"]
    assert any(by.startswith("Runtime `") and ", of `ScriptedTool.runtime` (" in by for by in by), found
    assert any(by.startswith("EventLoop `") for by in by), found
    assert "thread `crawler` (tid" in repr(found)
    assert "not tracked by sundown; daemon, at " in repr(found)
    crawlers = [thread for thread in found.threads if thread["interpreter"] and thread["interpreter"]["name"] == "crawler"]
    assert [thread["tid"] for thread in crawlers] == [crawler.native_id]
    assert json.loads(json.dumps(found.as_dict()))["threads"] == found.threads
