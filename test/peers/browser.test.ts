/** Headless Chromium loads a page with twenty assets through the proxy port, which the PAC file of that port names. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { createHash, X509Certificate } from "node:crypto"
import * as path from "node:path"
import { good } from "../support/certificates.ts"
import { ASSETS } from "../support/peers/browserPage.ts"
import type { Peers } from "../support/peers/peers.ts"
import { peers } from "../support/peers/peers.ts"
import { fileOf, lacksTool, runTool } from "../support/peers/tools.ts"

const NAMES = ["chromium", "chromium-browser", "google-chrome"]
const TIMEOUT_MS = 120_000

/** Chromium takes no authority from a file, but takes this key for valid whatever signed it. */
const trusted = createHash("sha256")
  .update(new X509Certificate(good.cert).publicKey.export({ type: "spki", format: "der" })).digest("base64")

describe.skipIf(lacksTool("chromium", "chromium", ...NAMES))("Chromium", () => {
  let world: Peers
  beforeAll(async () => void (world = await peers()), 90_000)
  afterAll(() => world?.stop())

  /** The page after all scripts have run. */
  const load = async (url: string, name: string) => {
    const { stdout, stderr } = await runTool(fileOf(...NAMES) as string, [
      ...["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-extensions"],
      ...["--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage"],
      ...[`--user-data-dir=${path.join(world.directory, name)}`, `--ignore-certificate-errors-spki-list=${trusted}`],
      ...[`--proxy-pac-url=http://${world.proxy}/proxy.pac`, "--dump-dom", url]
    ], { env: { HOME: world.directory }, timeoutMs: TIMEOUT_MS })
    return stdout === "" ? stderr : stdout
  }

  for (const scheme of ["http", "https"] as const) {
    it(`loads the page and its ${ASSETS} assets over ${scheme}`, async () => {
      assert.include(await load(`${world[scheme]}/page`, scheme), `assets that came: ${ASSETS}<`)
    }, TIMEOUT_MS)
  }
})
