// An OpenID provider for the tests: `node provider.mjs FILE`. The file holds its port, its one client, and its people with
// their claims; src/openid_provider.rs writes it. Whoever comes picks who they are. A test changes everything but the port
// while it runs, through /settings-of-the-test.
import { createPrivateKey, generateKeyPairSync, randomUUID, sign } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';

import { Provider } from 'oidc-provider';

const settings = JSON.parse(readFileSync(process.argv[2], 'utf8'));
const issuer = `http://127.0.0.1:${settings.port}`;
const TEST = '/settings-of-the-test';

const newKey = () => {
  const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 });
  return { ...privateKey.export({ format: 'jwk' }), kid: randomUUID(), use: 'sig', alg: 'RS256' };
};

// What every provider made here keeps, so that a change of settings ends nobody's session.
const kept = new Map();

class Adapter {
  constructor(kind) {
    this.kind = kind;
  }
  async upsert(id, payload) {
    kept.set(`${this.kind} ${id}`, payload);
  }
  async find(id) {
    return kept.get(`${this.kind} ${id}`);
  }
  async findByUid(uid) {
    return [...kept].find(([id, payload]) => id.startsWith(`${this.kind} `) && payload.uid === uid)?.[1];
  }
  async consume(id) {
    kept.get(`${this.kind} ${id}`).consumed = Math.floor(Date.now() / 1000);
  }
  async destroy(id) {
    kept.delete(`${this.kind} ${id}`);
  }
  async revokeByGrantId(grant) {
    // An interaction that goes on as somebody else names the grant of whoever was there before, and stays.
    kept.forEach((payload, id) => payload.grantId === grant && !id.startsWith('Interaction ') && kept.delete(id));
  }
}

const text = (words) => String(words).replace(/[&<>"]/g, (character) => `&#${character.charCodeAt(0)};`);

const page = (title, body) => `<!doctype html><html lang="en"><meta charset="utf-8"><link rel="icon" href="data:,">
<title>${title}</title><main><h1>${title}</h1>${body}</main></html>`;

const part = (value) => Buffer.from(typeof value === 'string' ? value : JSON.stringify(value)).toString('base64url');

const TAMPERING = {
  None: () => {},
  Nonce: (header, claims) => { claims.nonce = randomUUID(); },
  NoNonce: (header, claims) => { delete claims.nonce; },
  Audience: (header, claims) => { claims.aud = 'another-client'; },
  Issuer: (header, claims) => { claims.iss = 'http://127.0.0.1:9'; },
  Expired: (header, claims) => { claims.iat -= 7200; claims.exp = claims.iat + 3600; },
  Unsigned: (header) => { header.alg = 'none'; },
  Signature: () => {},
};

const tampered = (token, how, key) => {
  const [header, claims] = token.split('.', 2).map((half) => JSON.parse(Buffer.from(half, 'base64url')));
  TAMPERING[how](header, claims);
  const signed = `${part(header)}.${part(claims)}`;
  if (how === 'Unsigned') return `${signed}.`;
  const signer = createPrivateKey({ key: how === 'Signature' ? newKey() : key, format: 'jwk' });
  return `${signed}.${sign('sha256', Buffer.from(signed), signer).toString('base64url')}`;
};

const provide = (key) => {
  const { client, people, inUserinfoAlone } = settings;
  const claims = [...new Set(Object.values(people).flatMap(Object.keys))];
  const provider = new Provider(issuer, {
    adapter: Adapter,
    clients: [{
      client_id: client.id,
      client_secret: client.secret,
      redirect_uris: client.redirect.length ? client.redirect : [`${issuer}/nowhere`],
      post_logout_redirect_uris: client.afterLogout,
    }],
    jwks: { keys: [key] },
    cookies: { keys: ['a browser of the tests'] },
    claims: inUserinfoAlone ? { openid: ['sub'], profile: claims, email: [] } : { openid: ['sub', ...claims], profile: [], email: [] },
    // As most providers do: what is known of a person stands in the ID token too.
    conformIdTokenClaims: Boolean(inUserinfoAlone),
    pkce: { required: () => true },
    findAccount: (ctx, id) => people[id] && { accountId: id, claims: () => ({ sub: id, ...people[id] }) },
    // Nobody is asked whether the client may know them.
    loadExistingGrant: async (ctx) => {
      const { client: { clientId }, session: { accountId } } = ctx.oidc;
      const grant = new ctx.oidc.provider.Grant({ clientId, accountId });
      grant.addOIDCScope('openid profile email');
      await grant.save();
      return grant;
    },
    features: {
      devInteractions: { enabled: false },
      rpInitiatedLogout: {
        enabled: true,
        logoutSource: (ctx, form) => {
          const button = '<button form="op.logoutForm" name="logout" value="yes">Sign out</button>';
          ctx.body = page('Sign out of the provider', form + button);
        },
      },
    },
  });
  provider.use(async (ctx, next) => {
    await next();
    const token = ctx.oidc?.route === 'token' && ctx.body?.id_token;
    if (token && settings.tampering !== 'None') ctx.body.id_token = tampered(token, settings.tampering, key);
  });
  // Why a code is not redeemed is told to nobody else.
  provider.on('grant.error', (ctx, error) => console.error(error));
  return { provider, key };
};

let now = provide(newKey());

const bodyOf = async (request) => {
  const chunks = [];
  for await (const chunk of request) chunks.push(chunk);
  return Buffer.concat(chunks).toString();
};

// Which of its people somebody is.
const interact = async (request, response) => {
  if (request.method === 'POST') {
    const person = new URLSearchParams(await bodyOf(request)).get('person');
    const result = person ? { login: { accountId: person } } : { error: 'access_denied' };
    return now.provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
  }
  await now.provider.interactionDetails(request, response);
  const buttons = Object.keys(settings.people).map((id) => `<button name="person" value="${text(id)}">${text(id)}</button>`);
  const form = `<form method="post">${buttons.join('')}<button name="person" value="">Cancel</button></form>`;
  return response.setHeader('content-type', 'text/html').end(page('Who are you?', form));
};

createServer(async (request, response) => {
  try {
    if (request.url === TEST) {
      const { newKey: wanted, ...changed } = JSON.parse(await bodyOf(request));
      Object.assign(settings, changed);
      now = provide(wanted ? newKey() : now.key);
      response.writeHead(204).end();
    } else if (settings.failing?.includes(request.url)) {
      response.writeHead(503).end('not now');
    } else if (request.url.startsWith('/interaction/')) {
      await interact(request, response);
    } else {
      now.provider.callback()(request, response);
    }
  } catch (error) {
    console.error(error);
    response.writeHead(500).end(String(error));
  }
}).listen(settings.port, '127.0.0.1');
