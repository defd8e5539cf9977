"""A wrong token, or a missing one, told at once.

Ray tries for half a minute, in silence or with lines about its own parts, to reach a cluster that does not let it in. So while it
tries, the same port is asked for something small, with the token that Ray would send: a server that wants another says so first
of all.
"""

import os
import sys
import threading

TOKEN_HINT = (
    "the token is taken from RAY_AUTH_TOKEN, else the file named by RAY_AUTH_TOKEN_PATH, else ~/.ray/auth_token, and none is sent "
    "with RAY_AUTH_MODE=disabled; `ray get-auth-token` prints the cluster's own there"
)
# What the GCS and Ray Client's server answer without having to be attached to.
QUESTIONS = {False: "/ray.rpc.NodeInfoGcsService/GetClusterId", True: "/ray.rpc.RayletDriver/ClusterInfo"}
# Whether a server was there and said anything.
answered = False


def watch(address):
    """Ends this process where the cluster at this address refuses its token."""
    if address != "auto":
        threading.Thread(target=_ask, args=(address,), daemon=True).start()


def _ask(address):
    global answered
    import grpc

    by_client = address.startswith("ray://")
    token, place = own_token()
    headers = [("authorization", f"Bearer {token}")] if token else []
    try:
        with grpc.insecure_channel(address.removeprefix("ray://")) as channel:
            channel.unary_unary(QUESTIONS[by_client])(b"", timeout=10, metadata=headers)
        answered = True
    except grpc.RpcError as error:
        answered = error.code() not in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.DEADLINE_EXCEEDED)
        # Anything else is for Ray to find out, and to say.
        if error.code() != grpc.StatusCode.UNAUTHENTICATED:
            return
        refused = f"the cluster does not accept the token of {place}" if token else "the cluster wants a token, and none was found"
        sys.stderr.write(f"error: cannot attach to {address}: {refused}\n\nhint: {TOKEN_HINT}\n")
        sys.stderr.flush()
        os._exit(1)
    except ValueError:
        pass  # a token with letters that no header takes: Ray says so


def own_token():
    """The token that Ray would send, and where it stands."""
    if os.environ.get("RAY_AUTH_MODE", "token").lower() != "token":
        return None, None
    if token := os.environ.get("RAY_AUTH_TOKEN", "").strip():
        return token, "RAY_AUTH_TOKEN"
    path = os.environ.get("RAY_AUTH_TOKEN_PATH") or os.path.expanduser("~/.ray/auth_token")
    try:
        with open(path, encoding="utf-8") as file:
            return file.read().strip(), path
    except (OSError, ValueError):
        return None, None
