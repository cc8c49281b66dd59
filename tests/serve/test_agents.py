"""The tools of a service, used as an agent uses them."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Iterator

import pytest
import uvicorn
from mcp import Client as Agent
from mcp import StdioServerParameters, stdio_client

from penchant.serve import Client
from penchant.serve.agents import create_tools
from penchant.serve.app import create_app
from penchant.serve.paths import RawPath
from penchant.serve.tenant import Tenant
from penchant.testing.serving import serving


@pytest.fixture
def url(service) -> Iterator[str]:
    config = uvicorn.Config(
        RawPath(create_app({"": Tenant.of(service)})), log_config=None, ws="none"
    )
    with serving(config) as served:
        yield f"http://127.0.0.1:{served.port}"


def used(at, name: str, **arguments):
    """What a tool answers to an agent."""

    async def use():
        async with Agent(at) as agent:
            return await agent.call_tool(name, arguments)

    return asyncio.run(use())


def test_the_tools_say_what_they_take_and_that_they_only_read():
    async def listed():
        async with Agent(create_tools(Client(retries=0))) as agent:
            return (await agent.list_tools()).tools

    tools = {tool.name: tool for tool in asyncio.run(listed())}
    assert sorted(tools) == ["explain", "recommend", "search"]
    assert all(tool.annotations.read_only_hint for tool in tools.values())
    assert all(tool.description for tool in tools.values())
    assert tools["search"].input_schema["required"] == ["query"]


def test_an_agent_searches_recommends_and_asks_why(url: str):
    with Client(url) as client:
        tools = create_tools(client)
        found = used(tools, "search", query="robots in space", k=3).structured_content
        assert len(found["items"]) == 3
        assert found["items"][0]["title"]
        listed = used(tools, "recommend", history=["s1"], k=2).structured_content
        assert "because you liked Star Harbour" in listed["items"][0]["reasons"]
        why = used(tools, "explain", item_id="s2", history=["s1"]).structured_content
        assert why == {"item_id": "s2", "reasons": ["because you liked Star Harbour"]}


def test_a_question_that_cannot_be_answered_is_told_to_the_agent(url: str):
    with Client(url, retries=0) as client:
        answer = used(create_tools(client), "explain", item_id="nothing", user_id="u0")
    assert answer.is_error
    assert "no such item" in answer.content[0].text


@pytest.mark.slow
def test_the_command_speaks_on_standard_input_and_output(url: str):
    command = StdioServerParameters(
        command=sys.executable, args=["-m", "penchant", "mcp", "--url", url]
    )
    answer = used(stdio_client(command), "search", query="love by the sea", k=1)
    assert len(answer.structured_content["items"]) == 1
