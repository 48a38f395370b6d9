/** curl and wget through the proxy port. */
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import * as fs from "node:fs"
import * as path from "node:path"
import type { Peers } from "../support/peers/peers.ts"
import { peers } from "../support/peers/peers.ts"
import { lacksTool, runTool } from "../support/peers/tools.ts"

const HELLO = "hello from web.example\n"

let world: Peers
beforeAll(async () => void (world = await peers()), 90_000)
afterAll(() => world?.stop())

/** Runs curl with the authority of the site, and without any settings of this machine. */
const curl = (...args: ReadonlyArray<string>) =>
  runTool("curl", ["-q", "--silent", "--show-error", "--max-time", "20", "--cacert", world.authority, ...args])

describe.skipIf(lacksTool("curl", "curl", "curl"))("curl gets an answer", () => {
  it("for http, by a request in absolute form", async () => {
    const { stdout, stderr } = await curl("--proxy", world.proxy, `${world.http}/`)
    assert.strictEqual(stdout, HELLO, stderr)
  })

  it("for https, by CONNECT", async () => {
    const { stdout, stderr } = await curl("--proxy", world.proxy, "--http1.1", `${world.https}/`)
    assert.strictEqual(stdout, HELLO, stderr)
  })

  it("for http, by CONNECT", async () => {
    const { stdout, stderr } = await curl("--proxy", world.proxy, "--proxytunnel", `${world.http}/`)
    assert.strictEqual(stdout, HELLO, stderr)
  })

  it("over HTTP/2 through CONNECT", async () => {
    const { stdout, stderr } = await curl(
      ...["--proxy", world.proxy, "--http2", "--write-out", "HTTP/%{http_version}"],
      `${world.https}/`
    )
    assert.strictEqual(stdout, `${HELLO}HTTP/2`, stderr)
  })

  for (const kind of ["--socks5-hostname", "--socks4a"]) {
    it(`by ${kind}, which leaves the name to the port`, async () => {
      const plain = await curl(kind, world.proxy, `${world.http}/`)
      assert.strictEqual(plain.stdout, HELLO, plain.stderr)
      const secure = await curl(kind, world.proxy, `${world.https}/`)
      assert.strictEqual(secure.stdout, HELLO, secure.stderr)
    })
  }

  for (const kind of ["--socks5", "--socks4"]) {
    it(`by ${kind}, with an address that it resolved itself`, async () => {
      const { stdout, stderr } = await curl(kind, world.proxy, `http://127.0.0.1:${world.site.http}/`)
      assert.strictEqual(stdout, "hello from 127.0.0.1\n", stderr)
    })
  }

  it("for several requests on one connection to the port", async () => {
    const { stdout, stderr } = await curl(
      ...["--proxy", world.proxy, "--write-out", " connects %{num_connects}\n"],
      ...[`${world.http}/`, `${world.http}/`, `${world.http}/body`]
    )
    assert.strictEqual(stdout, `${HELLO} connects 1\n${HELLO} connects 0\nGET 0 bytes\n connects 0\n`, stderr)
  })

  it("for a body of known length, with Expect: 100-continue, and for a chunked one", async () => {
    const file = path.join(world.directory, "body")
    fs.writeFileSync(file, "x".repeat(3_000_000))
    const known = await curl("--proxy", world.proxy, "--data-binary", `@${file}`, `${world.http}/body`)
    assert.strictEqual(known.stdout, "POST 3000000 bytes\n", known.stderr)
    const chunked = await curl(
      ...["--proxy", world.proxy, "--upload-file", file, "--header", "Transfer-Encoding: chunked"],
      `${world.http}/body`
    )
    assert.strictEqual(chunked.stdout, "PUT 3000000 bytes\n", chunked.stderr)
  })

  it("while the site sees neither the proxy's credentials nor headers for the proxy", async () => {
    const { stdout, stderr } = await curl(
      ...["--proxy", world.proxy, "--proxy-user", "ann:secret", "--header", "Proxy-Connection: keep-alive"],
      `${world.http}/headers`
    )
    assert.strictEqual(stderr, "")
    const names = Object.keys(JSON.parse(stdout)).filter((name) => name.startsWith("proxy-"))
    assert.deepStrictEqual(names, [])
  })

  it("by the variables that `fairlead env` prints", async () => {
    const { stdout, stderr } = await runTool("curl", ["-q", "--silent", "--cacert", world.authority, `${world.https}/`], {
      env: world.env
    })
    assert.strictEqual(stdout, HELLO, stderr)
  })

  it("with the failed stage in Proxy-Status for a name without addresses", async () => {
    const { stdout } = await curl("--proxy", world.proxy, "--include", "http://unknown.example:80/")
    assert.match(stdout, /^HTTP\/1\.1 50[24] /)
    assert.match(stdout, /^proxy-status: .*error=dns/im)
    const { code } = await curl("--socks5-hostname", world.proxy, "http://unknown.example:80/")
    assert.notStrictEqual(code, 0)
  })
})

describe.skipIf(lacksTool("wget", "wget", "wget"))("wget gets a file", () => {
  for (const scheme of ["http", "https"] as const) {
    it(`by ${scheme}`, async () => {
      const { stdout, stderr } = await runTool("wget", [
        ...["--no-config", "--tries=1", "--timeout=20", `--ca-certificate=${world.authority}`, "-qO-"],
        `${world[scheme]}/`
      ], { env: world.env })
      assert.strictEqual(stdout, HELLO, stderr)
    })
  }
})
