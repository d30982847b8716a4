"""Small chat templates of several families, and what renders them as transformers does."""

import json
from collections.abc import Sequence
from typing import Any

import jinja2
from jinja2.sandbox import ImmutableSandboxedEnvironment

HERMES_FAMILY = """
{%- if tools %}[system]
{%- if messages[0].role == 'system' %} {{ messages[0].content }}{% endif %}
<tools>
{%- for tool in tools %}
{{ tool | tojson }}
{%- endfor %}
</tools>[end]
{% elif messages[0].role == 'system' %}[system] {{ messages[0].content }}[end]
{% endif %}
{%- for message in messages %}
{%- if message.role == 'user' or (message.role == 'assistant' and not message.tool_calls) %}
{{- '[' + message.role + '] ' + message.content + '[end]\n' }}
{%- elif message.role == 'assistant' %}
{{- '[assistant] ' + message.content }}
{%- for call in message.tool_calls %}
{{- '\n<tool_call>\n{"name": "' + call.function.name + '", "arguments": ' }}
{{- call.function.arguments | tojson }}{{ '}\n</tool_call>' }}
{%- endfor %}{{ '[end]\n' }}
{%- elif message.role == 'tool' %}
{{- '[tool] ' + message.content + '[end]\n' }}
{%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}{{ '[assistant] ' }}
{%- if enable_thinking is defined and enable_thinking is false %}{{ '<no thoughts>' }}{% endif %}{% endif %}"""

SINGLE_CALLS = """
{%- for message in messages %}
{%- if message.tool_calls %}
{%- if message.tool_calls | length != 1 %}{{ raise_exception('one call at a time') }}{% endif %}
{{- '{"name": "' + message.tool_calls[0].function.name + '", "parameters": ' }}
{{- message.tool_calls[0].function.arguments | tojson }}{{ '}<eot>' }}
{%- else %}{{- '<' + message.role + '>' + (message.content | trim) + '<eot>' }}
{%- endif %}
{%- endfor %}
{%- if tools %}{{ tools | tojson }}{% endif %}
{%- if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"""

NO_SYSTEM = """
{%- for message in messages %}
{%- if message.role == 'system' %}{{ raise_exception('System role not supported') }}{% endif %}
{%- if (message.role == 'user') != (loop.index0 % 2 == 0) %}{{ raise_exception('roles must alternate') }}{% endif %}
{{- '<' + message.role + '>' + message.content + '<eot>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{ '<model>' }}{% endif %}"""

WITHOUT_TOOLS = """
{%- for message in messages %}{{ '<' + message.role + '>' + message.content + '<eot>' }}{% endfor %}
{%- if add_generation_prompt %}{{ '<assistant>' }}{% endif %}"""


class JinjaTemplate:
    """A `Template` that renders one text."""

    def __init__(self, chat_template: str | None) -> None:
        self.chat_template = chat_template

    def apply_chat_template(self, conversation: Sequence[dict[str, Any]], **options: Any) -> str:
        assert self.chat_template
        assert options.pop("tokenize") is False
        environment = ImmutableSandboxedEnvironment(trim_blocks=True, lstrip_blocks=True)
        environment.filters["tojson"] = lambda value: json.dumps(value, ensure_ascii=False)
        environment.globals["raise_exception"] = _raise
        return environment.from_string(self.chat_template).render(messages=conversation, **options)


def _raise(message: str) -> None:
    raise jinja2.TemplateError(message)
