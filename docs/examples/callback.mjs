// Tells Lotse what became of an escalation. Node.js 18 or later, nothing to install.
//
//   LOTSE_URL=https://lotse.example.org LOTSE_CONTACT=service-desk LOTSE_SECRET=whsec_... \
//     node callback.mjs '{"escalation_id": "...", "action": "acknowledge", "reference": "INC-1"}'
import { createHmac, randomUUID } from "node:crypto";

/** Signs the body (Standard Webhooks) and posts it. Try again with the same messageId. */
export async function send(base, contact, secret, body, messageId = randomUUID()) {
  const timestamp = Math.floor(Date.now() / 1000).toString();
  const key = Buffer.from(secret.slice("whsec_".length), "base64");
  const signature = createHmac("sha256", key).update(`${messageId}.${timestamp}.${body}`).digest("base64");
  return fetch(`${base}/api/v1/callbacks/${contact}`, {
    method: "POST",
    headers: {
      "Content-Type": "application/json",
      "webhook-id": messageId,
      "webhook-timestamp": timestamp,
      "webhook-signature": `v1,${signature}`,
    },
    body,
    signal: AbortSignal.timeout(15_000),
  });
}

const { LOTSE_URL, LOTSE_CONTACT, LOTSE_SECRET, LOTSE_MESSAGE_ID } = process.env;
const answer = await send(LOTSE_URL, LOTSE_CONTACT, LOTSE_SECRET, process.argv[2], LOTSE_MESSAGE_ID || randomUUID());
console.log(await answer.text());
process.exitCode = answer.status === 200 ? 0 : 1;
