/** Two addresses of one port that cannot both be bound are a mistake, reported as such at the start and by a reload. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as net from "node:net"
import { parse } from "../../src/apps/config/parse.ts"
import { render } from "../../src/apps/config/Problem.ts"
import { overlap } from "../../src/plane/overlap.ts"
import { inScratch, portOf, start, writeConfig } from "../support/command.ts"
import { ask, named, serve, until } from "../support/servers.ts"

const text = (first: string, second: string, more = "") =>
  `listeners:
  - { name: a, listen: "${first}", upstream: web }
  - { name: b, listen: "${second}", upstream: web }
upstreams: { web: { port: 443, candidates: ["198.18.0.1"] } }
${more}
`
const problems = (source: string) => parse(source).problems.map((one) => render("f", one))

/** The error code of binding both; undefined when both are bound. */
async function bindBoth(first: string, second: string): Promise<string | undefined> {
  const listening = (host: string, port: number) =>
    new Promise<net.Server | string>((resolve) => {
      const server = net.createServer()
      server.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? "?"))
      server.listen({ host, port }, () => resolve(server))
    })
  const stop = (server: net.Server) => new Promise((resolve) => server.close(resolve))
  const a = await listening(first, 0)
  if (typeof a === "string") return a
  const b = await listening(second, (a.address() as net.AddressInfo).port)
  await stop(a)
  if (typeof b === "string") return b
  await stop(b)
  return undefined
}

describe("two listeners of one port", () => {
  const hosts = ["0.0.0.0", "::", "127.0.0.1", "127.0.0.2", "::1", "::ffff:127.0.0.1"]
  const pairs = hosts.flatMap((first) => hosts.map((second) => [first, second] as const))

  it.each(pairs)("overlap exactly when the system cannot bind both: %s and %s", async (first, second) => {
    const code = await bindBoth(first, second)
    // A machine without IPv6 cannot show it.
    if (code !== undefined && code !== "EADDRINUSE") return assert.include(first + second, "::")
    assert.strictEqual(overlap({ host: first, port: 80 }, { host: second, port: 80 }), code === "EADDRINUSE")
  })

  it("do not overlap on different ports, or on port 0", () => {
    assert.isFalse(overlap({ host: "::", port: 80 }, { host: "::", port: 81 }))
    assert.isFalse(overlap({ host: "::", port: 0 }, { host: "::", port: 0 }))
  })

  it.each([
    ["0.0.0.0:80", "[::]:80", "[::] takes IPv4 as well"],
    ["[::]:80", "127.0.0.1:80", "[::] takes IPv4 as well"],
    ["0.0.0.0:80", "127.0.0.1:80", "0.0.0.0 takes every IPv4 address"],
    ["[::1]:80", "[::]:80", "[::] takes every address"]
  ])("are a mistake at the second listener when they overlap: %s and %s", (first, second, why) => {
    const found = problems(text(first, second))
    assert.lengthOf(found, 1)
    assert.match(found[0] ?? "", /^f:3:\d+ listeners\.1\.listen: /)
    assert.include(found[0], `overlaps with ${first} of listeners.0`)
    assert.include(found[0], why)
  })

  it("are no mistake when they do not overlap: 0.0.0.0 and [::1]", () => {
    assert.deepStrictEqual(problems(text("0.0.0.0:80", "[::1]:80")), [])
  })

  it("are a mistake too when one of them is the admin port's", () => {
    const found = problems(text("[::]:9099", "127.0.0.1:80"))
    assert.lengthOf(found, 1)
    assert.include(found[0], "127.0.0.1:9099 overlaps with [::]:9099 of listeners.0")
  })
})

describe("a reload to an address that the service itself holds", () => {
  const refusedBy = (change: (text: string, port: number) => string, more = "") =>
    inScratch(async (directory) => {
      const [good, spare] = [await named("good"), await serve(() => {})]
      await spare.stop()
      const file = writeConfig(directory, { candidates: [good.port], more: more.replaceAll("SPARE", String(spare.port)) })
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined)
      const port = portOf(running) as number
      fs.writeFileSync(file, change(fs.readFileSync(file, "utf8"), more === "" ? port : spare.port))
      await until("it is refused", () => running.stderr().includes("the one before stays in force"))
      await until("it is said why", () => running.stderr().includes("cannot listen on"))
      assert.strictEqual(await ask(port), "good")
      running.kill("SIGTERM")
      const { code, stderr } = await running.ended
      await good.stop()
      assert.strictEqual(code, 0)
      assert.notInclude(stderr, "stop the program that holds it")
      return stderr
    })

  it("is refused, and the log names the service's own listener", async () => {
    const wide = (file: string, port: number) => file.replace("127.0.0.1:0", `0.0.0.0:${port}`)
    assert.match(
      await refusedBy(wide),
      /listener web: cannot listen on 0\.0\.0\.0:\d+: .*own listener web on 127\.0\.0\.1:/
    )
  })

  it("is refused, and the log names the service's own admin port", async () => {
    const wide = (file: string, port: number) =>
      file.replace(`127.0.0.1:${port}`, "off").replace("127.0.0.1:0", `127.0.0.1:${port}`)
    const stderr = await refusedBy(wide, 'admin: { listen: "127.0.0.1:SPARE" }')
    assert.match(stderr, /cannot listen on 127\.0\.0\.1:\d+: .*own admin port on 127\.0\.0\.1:\d+.*restart/)
  })
})
