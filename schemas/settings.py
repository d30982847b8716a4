"""Settings from the environment (`CALLMILL_…`), read once at the edge and passed in."""

import json
import urllib.parse
from pathlib import Path
from typing import Annotated, Any, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schemas.errors import UsageError

OFFLINE_MODEL = "callmill-offline-1"


class EndpointSettings(BaseSettings):
    """An endpoint that the one client asks: where it is, who asks, how much at once, what it costs."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", use_attribute_docstrings=True)

    base_url: str | None = None
    """OpenAI-compatible address, ending in /v1."""
    model: str | None = None
    """Model name the endpoint knows, such as qwen-max; required with `base_url`."""
    api_key: SecretStr = SecretStr("")
    """Sent as a bearer token; never written to a log, a row or a Prefect parameter."""
    concurrency: int = Field(64, ge=1)
    """Most requests under way at once; fewer while the endpoint answers 429 or times out."""
    min_concurrency: int = Field(4, ge=1)
    """Where the adaptive limit starts climbing from, and its floor; equal to `concurrency`: fixed."""
    requests_per_minute: int | None = Field(None, ge=1)
    """The endpoint's request limit; none: only what its 429 answers teach."""
    tokens_per_minute: int | None = Field(None, ge=1)
    """The endpoint's token limit, input and output together."""
    timeout_s: float = Field(120, gt=0)
    """Seconds one attempt may take."""
    max_attempts: int = Field(8, ge=1)
    """Attempts at one request before the step fails (429, 5xx, timeouts, broken replies)."""
    price_in: float | None = Field(None, ge=0)
    """USD per million input tokens; none: cost is unknown and shown as such."""
    price_out: float | None = Field(None, ge=0)
    """USD per million output tokens."""

    @property
    def is_offline(self) -> bool:
        """Whether the embedded teacher answers."""
        return False

    @classmethod
    def variable(cls, field: str) -> str:
        """Name of the environment variable of a field, for messages."""
        return f"{cls.model_config['env_prefix']}{field}".upper()


class TeacherSettings(EndpointSettings):
    """The endpoint that writes and judges; without `base_url` the embedded offline teacher answers."""

    model_config = SettingsConfigDict(env_prefix="CALLMILL_TEACHER_")

    base_url: str | None = None
    """OpenAI-compatible address, ending in /v1; none: the embedded offline teacher."""
    judge_model: str | None = None
    """Model that judges; the teacher's own when empty."""
    max_tokens: int = Field(2048, ge=1)
    """Most output tokens of one answer; also what the budget reserves for a request under way."""
    temperature: float = Field(0.9, ge=0, le=2)
    """Sampling temperature of writing prompts."""
    judge_temperature: float = Field(0.7, gt=0, le=2)
    """Sampling temperature of judge draws; above 0, or the three draws are one."""
    structured_output: bool = True
    """Ask for JSON by schema where the endpoint has it; switched off for the run when it answers 400 to that."""
    offline_mistakes: float = Field(0.12, ge=0, le=1)
    """Share of the embedded teacher's answers that carry a planted mistake."""

    @property
    def is_offline(self) -> bool:
        """Whether the embedded teacher answers."""
        return self.base_url is None

    @property
    def writer_model_name(self) -> str:
        """Model name in the identity of writing requests; the planted share changes the embedded teacher's answers."""
        if self.is_offline:
            return f"{OFFLINE_MODEL}:mistakes={self.offline_mistakes:g}"
        return self.model or ""

    @property
    def judge_model_name(self) -> str:
        """Model name in the identity of judge requests."""
        return self.judge_model or self.writer_model_name


class EvaluateSettings(EndpointSettings):
    """The endpoint of a model under test; how it samples is said by the evaluation."""

    model_config = SettingsConfigDict(env_prefix="CALLMILL_EVALUATE_")

    concurrency: int = Field(16, ge=1)
    """Most requests under way at once; a server on one's own machine has fewer places than a provider."""
    timeout_s: float = Field(600, gt=0)
    """Seconds one attempt may take."""
    max_attempts: int = Field(4, ge=1)
    """Attempts at one case before it counts as a server error."""
    max_tokens: int | None = Field(None, ge=1)
    """Most output tokens of one answer; none: the endpoint's own, under which no budget can be kept."""
    api_keys: Annotated[dict[str, SecretStr], NoDecode] = Field(default_factory=dict)
    """Key by address, for --against, as JSON: {"https://api.example/v1": "sk-…"}."""

    @field_validator("api_keys", mode="before")
    @classmethod
    def _read_keys(cls, value: Any) -> Any:
        """Read the JSON here: a failure in pydantic-settings is no ValidationError and would not name the variable."""
        if not isinstance(value, str):
            return value
        try:
            return json.loads(value)
        except ValueError:
            raise ValueError('expected JSON like {"https://api.example/v1": "sk-…"}') from None


class ServeSettings(BaseSettings):
    """The server of a trained model: what is too secret or too seldom changed for the command line."""

    model_config = SettingsConfigDict(
        env_prefix="CALLMILL_SERVE_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    api_key: SecretStr | None = None
    """Asked of every client; none: open to whoever reaches the address."""
    max_body_bytes: int = Field(4 * 1024 * 1024, ge=1024)
    """Largest request."""
    timeout_s: float = Field(600, gt=0)
    """Longest time for one request."""
    max_concurrent: int = Field(256, ge=1)
    """Answers being made at once; more are refused with 429."""


class Settings(BaseSettings):
    """Places and limits of this installation."""

    model_config = SettingsConfigDict(
        env_prefix="CALLMILL_", frozen=True, extra="ignore", use_attribute_docstrings=True
    )

    home: Path = Path(".callmill")
    """Folder of the warehouse, the answer journal, the data sets and the local server's state."""
    warehouse: str | None = None
    """DuckDB file; `<home>/warehouse.duckdb` when empty."""
    lock_wait_s: float = Field(60, gt=0)
    """Seconds to wait for another process to let go of the warehouse."""
    batch_size: int = Field(256, ge=1, le=4096)
    """Rows of one Prefect task."""
    train_after_synth: str | None = None
    """Deployment that each data set for training starts when it is finished, such as train/lora; none: nothing starts
    by itself. `callmill up` makes it an automation."""
    server_idle_s: float = Field(30, gt=0)
    """Seconds after which the shared local Prefect server ends when no command uses it."""

    @property
    def warehouse_path(self) -> Path:
        """The DuckDB file."""
        return Path(self.warehouse) if self.warehouse else self.home / "warehouse.duckdb"

    @property
    def journal_dir(self) -> Path:
        """Answers that are paid for and not yet in the warehouse: beside the warehouse they belong to."""
        return self.warehouse_path.with_suffix(".journal")

    @property
    def datasets_dir(self) -> Path:
        """Where exports go unless told otherwise."""
        return self.home / "datasets"


S = TypeVar("S", bound=BaseSettings)


def load_settings(kind: type[S]) -> S:
    """Read settings from the environment.

    Raises:
        UsageError: names the variable, what it holds and what was expected; a key's value is never shown.
    """
    try:
        return kind()
    except ValidationError as error:
        first = error.errors()[0]
        name = f"{kind.model_config['env_prefix']}{first['loc'][0]}".upper()
        came = "" if "key" in name.lower() else f" is '{first['input']}'"
        raise UsageError(f"{name}{came}: {first['msg']}; set it again or unset it.") from None


def load_teacher() -> TeacherSettings:
    """Read the teacher's settings; half an endpoint is a mistake, not a wish for the embedded teacher.

    Raises:
        UsageError: says which variable is missing or wrong.
    """
    teacher = load_settings(TeacherSettings)
    address = urllib.parse.urlsplit(teacher.base_url or "")
    if address.username or address.password or address.query:
        raise UsageError(
            "CALLMILL_TEACHER_BASE_URL holds a password or a query, which would be written down with the run; "
            "take it out and set CALLMILL_TEACHER_API_KEY."
        )
    if teacher.base_url and not teacher.model:
        raise UsageError("CALLMILL_TEACHER_BASE_URL is set without CALLMILL_TEACHER_MODEL; set the model's name too.")
    if not teacher.base_url and (teacher.model or teacher.api_key.get_secret_value()):
        raise UsageError(
            "CALLMILL_TEACHER_MODEL or CALLMILL_TEACHER_API_KEY is set without CALLMILL_TEACHER_BASE_URL; "
            "set the endpoint's address too, or unset them to use the embedded teacher."
        )
    return teacher
