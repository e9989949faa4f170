#!/usr/bin/env python3
"""Tells Lotse what became of an escalation. Python 3.8 or later, nothing to install.

    LOTSE_URL=https://lotse.example.org LOTSE_CONTACT=service-desk LOTSE_SECRET=whsec_... \
        python3 callback.py '{"escalation_id": "...", "action": "acknowledge", "reference": "INC-1"}'
"""
import base64
import hashlib
import hmac
import os
import sys
import time
import urllib.error
import urllib.request
import uuid


def send(base, contact, secret, body, message_id=None):
    """Signs the body (Standard Webhooks) and posts it; answers status and text. Try again with the same message_id."""
    message_id = message_id or str(uuid.uuid4())
    timestamp = str(int(time.time()))
    key = base64.b64decode(secret[len("whsec_"):])
    signed = f"{message_id}.{timestamp}.{body}".encode()
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    request = urllib.request.Request(
        f"{base}/api/v1/callbacks/{contact}",
        data=body.encode(),
        method="POST",
        headers={
            "Content-Type": "application/json",
            "webhook-id": message_id,
            "webhook-timestamp": timestamp,
            "webhook-signature": f"v1,{signature}",
        },
    )
    try:
        with urllib.request.urlopen(request, timeout=15) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as refusal:
        return refusal.code, refusal.read().decode()


if __name__ == "__main__":
    env = os.environ
    status, text = send(
        env["LOTSE_URL"], env["LOTSE_CONTACT"], env["LOTSE_SECRET"], sys.argv[1], env.get("LOTSE_MESSAGE_ID")
    )
    print(text)
    sys.exit(0 if status == 200 else 1)
