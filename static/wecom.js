// WeCom's own picker of people, by its JS-SDK: only inside its client, and only on a page that our server signed.
const SIGNATURE = "/people/signature";
// Milliseconds: a client that has not put its bridge into the page by then has none, or takes no page at all.
const BRIDGE_COMES_WITHIN = 800;
const CLIENT_ANSWERS_WITHIN = 6000;

export class Cancelled extends Error {}

// Whether the platform would not take the last signature: the server may have to fetch another ticket.
let refused = false;
let signed = null;

// The account of whom somebody picked. Rejects with Cancelled, or with anything else where the client cannot do it.
export async function pickInClient() {
  if (!/wxwork\//i.test(navigator.userAgent)) throw new Error("not inside WeCom");
  await within(BRIDGE_COMES_WITHIN, bridge());
  const sdk = await import("./vendor/wecom-jssdk.js");
  if (!sdk.env.isWeCom) throw new Error("not inside WeCom");
  await within(CLIENT_ANSWERS_WITHIN, register(sdk));
  try {
    const answer = await sdk.selectEnterpriseContact({ fromDepartmentId: 0, mode: "single", type: ["user"] });
    return answer.result.userList[0].id;
  } catch (error) {
    throw /:cancel/.test(error?.errMsg ?? "") ? new Cancelled() : error;
  }
}

function bridge() {
  if (window.WeixinJSBridge) return Promise.resolve();
  return new Promise((resolve) => document.addEventListener("WeixinJSBridgeReady", resolve, { once: true }));
}

async function register(sdk) {
  // The address changes when the form remembers itself in it: what was signed is signed for one address only.
  const app = await sign(location.href.split("#")[0]);
  sdk.register({
    corpId: app.corpId,
    agentId: app.agentId,
    jsApiList: ["selectEnterpriseContact"],
    getAgentConfigSignature: sign,
  });
  try {
    await sdk.ensureAgentConfigReady();
    refused = false;
  } catch (error) {
    refused = true;
    signed = null;
    throw error;
  }
}

async function sign(url) {
  if (signed?.url === url) return signed;
  const query = new URLSearchParams({ url, ...(refused ? { refused: "1" } : {}) });
  const answer = await fetch(`${SIGNATURE}?${query}`, { redirect: "manual" });
  if (!answer.ok) throw new Error(`no signature: ${answer.status}`);
  signed = { url, ...(await answer.json()) };
  return signed;
}

function within(milliseconds, promise) {
  const tooLate = new Promise((_, reject) => setTimeout(reject, milliseconds, new Error("the client did not answer")));
  return Promise.race([promise, tooLate]);
}
