// A certified OpenID provider for one test: prints its address, is told by PUT /test/client who its client is and by
// PUT /test/account who logs in next, and ends when its standard input does. Nobody is asked for a password.
import { createServer } from 'node:http';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';

const modules = join(process.env.LOTSE_TEST_OIDC_PROVIDER, 'node_modules');
const { default: Provider } = await import(pathToFileURL(join(modules, 'oidc-provider/lib/index.js')));

const accounts = new Map();
let next;
let callback;

function provider(issuer, client) {
  const made = new Provider(issuer, {
    clients: [{ token_endpoint_auth_method: 'client_secret_basic', backchannel_logout_session_required: true, ...client }],
    claims: {
      openid: ['sub', 'sid'],
      profile: ['name', 'preferred_username', 'groups'],
      email: ['email', 'email_verified'],
    },
    // Claims stand in the ID token, as Keycloak's mappers put them.
    conformIdTokenClaims: false,
    features: { backchannelLogout: { enabled: true }, devInteractions: { enabled: false }, rpInitiatedLogout: { enabled: true } },
    pkce: { required: () => true },
    cookies: { keys: ['a key of the test'] },
    ttl: { Session: 600, Grant: 600, Interaction: 600, AccessToken: 600, IdToken: 600, AuthorizationCode: 60 },
    interactions: { url: (_, interaction) => `/test/interaction/${interaction.uid}` },
    findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...accounts.get(sub) }) }),
    // Everything the client asks for counts as granted.
    async loadExistingGrant({ oidc }) {
      const grant = new oidc.provider.Grant({ accountId: oidc.session.accountId, clientId: oidc.client.clientId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    // The client of the test is on loopback, which the provider would not send log-out tokens to by itself.
    fetch: (url, { dispatcher, ...options }) => fetch(url, options),
  });
  made.on('server_error', (_, error) => console.error(error));
  made.on('backchannel.error', (_, error) => console.error(error));
  return made;
}

async function body(request) {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return JSON.parse(Buffer.concat(chunks).toString());
}

let made;
const server = createServer(async (request, response) => {
  const path = request.url.split('?')[0];
  if (request.method === 'PUT' && path === '/test/client') {
    made = provider(issuer, await body(request));
    callback = made.callback();
    response.writeHead(204).end();
  } else if (request.method === 'PUT' && path === '/test/account') {
    const { sub, ...claims } = await body(request);
    accounts.set(sub, claims);
    next = sub;
    response.writeHead(204).end();
  } else if (path.startsWith('/test/interaction/')) {
    await made.interactionFinished(request, response, { login: { accountId: next } });
  } else if (callback) {
    callback(request, response);
  } else {
    response.writeHead(503).end();
  }
});
await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
const issuer = `http://127.0.0.1:${server.address().port}`;
console.log(issuer);
process.stdin.on('end', () => process.exit()).resume();
