/**
 * The test suites of Python's clients, run directly and through the proxy port, and compared test by test. Not a part of `npm test`: it fetches
 * packages from PyPI and takes an hour. `node bench/suites.ts [FOLDER] [NAME...]`: keeps what it fetched in FOLDER.
 *
 * Each suite runs three ways: directly; with the proxy variables set when a test begins; and with every connection of the process taken through the port by SOCKS5
 * (Debian's proxychains4). The service keeps no warm sockets and does not probe, because many of these servers take one connection and then end (docs/operations.md,
 * "Servers that count connections"). Tests with another outcome run again, so that tests that fail now and then by themselves drop out.
 */
import * as fs from "node:fs"
import * as os from "node:os"
import * as path from "node:path"
import process from "node:process"
import { request } from "../test/support/admin.ts"
import { portOf, start } from "../test/support/command.ts"
import { until } from "../test/support/servers.ts"
import { freePorts } from "../test/support/freePorts.ts"
import type { Difference } from "./suites/junit.ts"
import { counts, differences } from "./suites/junit.ts"
import type { Way } from "./suites/pytest.ts"
import { Workplace } from "./suites/pytest.ts"
import { suites } from "./suites/suites.ts"

const [folder = path.join(os.tmpdir(), "fairlead-suites"), ...names] = process.argv.slice(2)

async function service() {
  const directory = fs.mkdtempSync(path.join(os.tmpdir(), "fairlead-suites-"))
  const [admin = 0] = await freePorts(1)
  const file = path.join(directory, "fairlead.yaml")
  fs.writeFileSync(
    file,
    `listeners: [{ name: local, protocol: proxy, listen: "127.0.0.1:0", allow: ["*:*"] }]
admin: { listen: "127.0.0.1:${admin}" }
pool: { mode: "off" }
probing: { interval: 1h }
eventLog: { path: none }
history: { path: none }
`
  )
  const running = start(["run", "--config", file])
  await until("the proxy port listens", () => portOf(running) !== undefined, 60_000)
  const accepted = async () => {
    const { body } = await request(admin, "/status?candidates=0")
    const { listeners } = JSON.parse(body) as { listeners: ReadonlyArray<{ accepted: number }> }
    return listeners[0]?.accepted ?? 0
  }
  return { running, proxy: `127.0.0.1:${portOf(running)}`, accepted }
}

/** The differences that are there again when the tests run alone. */
function lasting(
  workplace: Workplace,
  way: Way,
  proxy: string,
  found: ReadonlyArray<Difference>
): ReadonlyArray<Difference> {
  if (found.length === 0) return found
  const only = found.map(({ id }) => id)
  const again = differences(workplace.run("direct", proxy, only), workplace.run(way, proxy, only))
  return found.filter(({ id }) => again.some((one) => one.id === id))
}

fs.mkdirSync(folder, { recursive: true })
const { running, proxy, accepted } = await service()
let through = 0
for (const suite of suites.filter(({ name }) => names.length === 0 || names.includes(name))) {
  const workplace = new Workplace(folder, suite)
  workplace.prepare()
  const direct = workplace.run("direct", proxy)
  console.log(`${suite.name} ${suite.version} direct: ${counts(direct)}`)
  for (const way of suite.readsVariables ? ["variables", "sockets"] as const : ["sockets"] as const) {
    const before = await accepted()
    const results = workplace.run(way, proxy)
    const connections = await accepted() - before
    through += connections
    const found = lasting(workplace, way, proxy, differences(direct, results))
    console.log(`${suite.name} ${suite.version} ${way}: ${counts(results)}, ${connections} connections through the port`)
    for (const one of found) console.log(`  ${one.id}: ${one.direct} directly, ${one.through} through the port: ${one.why}`)
  }
}
running.kill("SIGTERM")
await running.ended
console.log(`${through} connections in all`)
