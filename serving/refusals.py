"""What a request is refused with, in the words of OpenAI's error object."""


class RefusedError(Exception):
    """The server will not, or could not, answer this request.

    400: the request asks for what this server can't promise. 422: an answer was made, and failed its validation.
    """

    def __init__(self, message: str, *, status: int = 400, param: str | None = None, code: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.status = status
        self.param = param
        self.code = code
