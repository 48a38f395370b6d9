/** `check`, `schema`, `init` and completions as a user runs them. */
import { assert, describe, it } from "vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import { fileURLToPath } from "node:url"
import { parse as parseYaml } from "yaml"
import { initText } from "../../src/apps/config/initText.ts"
import { parse } from "../../src/apps/config/parse.ts"
import { ConfigFile } from "../../src/core/schema/ConfigFile.ts"
import { command, inScratch, portOf, start } from "../support/command.ts"
import { ask, named, until } from "../support/servers.ts"

const MISTAKES = fileURLToPath(new URL("./fixtures/mistakes.yaml", import.meta.url))

/** Line, column, path and a part of the sentence for each mistake of the fixture. */
const EXPECTED: ReadonlyArray<readonly [place: string, path: string, part: string]> = [
  ["3:45", "listeners.0.upstream", "there is no upstream wbe, did you mean web?"],
  ["4:7", "listeners.1.name", "name web is taken by listeners.0 already"],
  ["4:18", "listeners.1.listen", 'expected an address with a port such as 127.0.0.1:8080 or [::1]:8080, got "127.0.0.1"'],
  ["5:18", "listeners.2.listen", "address 127.0.0.1:18101 is taken by listeners.0 already"],
  ["5:60", "listeners.2.maxConnections", "expected a whole number from 1 to 1000000, got 0"],
  ["6:5", "listeners.3.name", "is required, for example name: web"],
  ["10:5", "upstreams.web.prt", "unknown key, did you mean port?"],
  ["11:5", "upstreams.web.port", "the environment variable FAIRLEAD_TEST_UNSET_PORT is not set"],
  ["12:18", "upstreams.web.candidates.0", 'got "198.18.0.0/33": the prefix is at most /32'],
  ["12:35", "upstreams.web.candidates.1", 'got "198.18.0.5/29": the network around it is 198.18.0.0/29'],
  ["13:30", "upstreams.web.selector.switching.hold", "from 0ms to 1d, got 30: add a unit, such as 30s"],
  ["14:13", "upstreams.web.pool.min", "9 is more than max, 4: lower min, or raise max"],
  ["17:18", "upstreams.big.candidates.0", "198.18.0.0/15 makes more than 10000 addresses: use a smaller network"],
  ["18:3", "upstreams.nobody", "needs candidates, or a host"],
  ["19:14", "balancing.policy", 'got "leastConection", did you mean leastConnections?'],
  ["20:12", "scoring.jitterWeight", 'expected a number from 0 to 100, got "heavy"'],
  ["22:3", "breaker.enabled", 'expected true or false, got "yes"'],
  ["24:3", "breaker.cooldown", "is written again on line 24, first on line 23: keep one of them"],
  ["25:13", "eventLog.segmentBytes", 'expected a size such as 512B, 64KiB, 64MiB or 1GiB, from 4KiB to 4GiB, got "64MB"'],
  ["26:10", "admin.listen", "0.0.0.0 is reachable from other machines: set admin.token"],
  ["27:11", "limits.adminClients", 'expected a whole number from 1 to 1024, got "8": write it without quotes']
]

describe("a file with every kind of mistake", () => {
  it.each(["run", "check"])("makes `%s` name all mistakes, one a line, and exit 2 without listening", async (name) => {
    const { code, stderr, stdout } = await command([name, "--config", MISTAKES])
    assert.strictEqual(code, 2)
    assert.strictEqual(stdout, "")
    const lines = stderr.trimEnd().split("\n")
    assert.deepStrictEqual(
      lines.map((line) => line.split(" ").slice(0, 3).join(" ").replace(/ \S*mistakes\.yaml/, " F")),
      EXPECTED.map(([place, where]) => `error: F:${place} ${where}:`)
    )
    for (const [i, [, , part]] of EXPECTED.entries()) assert.include(lines[i], part)
  })

  it("makes `check --json` print one JSON document", async () => {
    const { code, stdout } = await command(["check", "--config", MISTAKES, "--json"])
    assert.strictEqual(code, 2)
    const { ok, problems, config } = JSON.parse(stdout)
    assert.strictEqual(ok, false)
    assert.isNull(config)
    assert.lengthOf(problems, EXPECTED.length)
    assert.deepEqual(problems[4], {
      line: 5,
      column: 60,
      path: "listeners.2.maxConnections",
      value: 0,
      expected: "a whole number from 1 to 1000000",
      message: "expected a whole number from 1 to 1000000, got 0"
    })
    assert.deepInclude(problems[6], { path: "upstreams.web.prt", value: null, nearest: "port" })
  })
})

describe("fairlead check", () => {
  it("prints the configuration in force, with secrets masked, in a form that gives the same settings", () =>
    inScratch(async (directory) => {
      const more = 'probing: { interval: 3s }\nadmin: { listen: "off", token: "${FAIRLEAD_TEST_TOKEN}" }'
      const file = path.join(directory, "f.yaml")
      fs.writeFileSync(
        file,
        `listeners: [{ name: web, listen: "127.0.0.1:0", upstream: web }]
upstreams: { web: { candidates: ["198.18.0.1:443"], probing: { challengers: 2 } } }
${more}
`
      )
      const env = { FAIRLEAD_TEST_TOKEN: "s3cr3t" }
      const { code, stdout, stderr } = await command(["check", "-c", file], { env })
      assert.deepEqual([code, stderr], [0, ""])
      assert.notInclude(stdout, "s3cr3t")
      const config = parseYaml(stdout)
      assert.deepInclude(config.upstreams.web.probing, { interval: "3s", challengers: 2, candidatesPerRound: 16 })
      assert.deepInclude(config.admin, { listen: "off", token: "***" })
      assert.strictEqual(config.shutdown.drain, "30s")
      const json = JSON.parse((await command(["check", "-c", file, "--json"], { env })).stdout)
      assert.deepEqual(json, { ok: true, problems: [], warnings: [], notes: [], config })
      const before = parse(fs.readFileSync(file, "utf8"), env).settings
      assert.deepEqual(JSON.stringify(parse(stdout).settings), JSON.stringify(before))
    }))

  it("exits 2 for a missing file, with --json too", async () => {
    const { code, stderr } = await command(["check", "--config", "not-there.yaml"])
    assert.strictEqual(code, 2)
    assert.include(stderr, "cannot read not-there.yaml: no such file; fairlead init writes one")
    const { ok, problems } = JSON.parse((await command(["check", "--config", "not-there.yaml", "--json"])).stdout)
    assert.strictEqual(ok, false)
    assert.lengthOf(problems, 1)
  })
})

describe("fairlead init", () => {
  it("writes a file for the owner alone, and never overwrites one", () =>
    inScratch(async (directory) => {
      const { code, stdout } = await command(["init"], { cwd: directory })
      const file = path.join(directory, "fairlead.yaml")
      assert.strictEqual(code, 0)
      assert.include(stdout, "wrote fairlead.yaml")
      assert.strictEqual(fs.statSync(file).mode & 0o777, 0o600)
      fs.writeFileSync(file, "mine")
      const again = await command(["init", "fairlead.yaml"], { cwd: directory })
      assert.strictEqual(again.code, 2)
      assert.include(again.stderr, "fairlead.yaml is already there and stays as it is")
      assert.strictEqual(fs.readFileSync(file, "utf8"), "mine")
      assert.strictEqual((await command(["init", "no/such/place.yaml"], { cwd: directory })).code, 2)
    }))

  it("writes a file that runs once its addresses are edited", () =>
    inScratch(async (directory) => {
      await command(["init"], { cwd: directory })
      const server = await named("good")
      const file = path.join(directory, "fairlead.yaml")
      const text = fs.readFileSync(file, "utf8").replace("127.0.0.1:1234", "127.0.0.1:0")
        .replace(/( +- )198\.18\.0\.11\n.*\n.*\n/, `$1127.0.0.1:${server.port}\n`)
      // The test's own files and ports, so that it meets no other service.
      fs.writeFileSync(
        file,
        `${text}\nadmin: { listen: "off" }\neventLog: { path: ${directory}/log }\nhistory: { path: none }\n`
      )
      const running = start(["run", "--config", file])
      await until("it listens", () => portOf(running) !== undefined)
      const answer = await ask(portOf(running) as number)
      running.kill("SIGTERM")
      const { code } = await running.ended
      await server.stop()
      assert.deepEqual([answer, code], ["good", 0])
    }))

  it("shows the defaults: uncommenting every line changes no setting", () => {
    const text = initText(ConfigFile.ast)
    const uncommented = text.replace(/^# (?=( *[A-Za-z]+:( |$)))/gm, "").replace(/^ +# host:.*\n/m, "")
    assert.isAbove(uncommented.split("\n").filter((line) => /^ +\w+: /.test(line)).length, 30)
    const shown = parse(uncommented.slice(uncommented.indexOf("listeners:")))
    assert.deepEqual(shown.problems, [])
    assert.strictEqual(JSON.stringify(shown.settings), JSON.stringify(parse(text).settings))
  })
})

describe("completions", () => {
  it.each(["bash", "zsh", "fish"])("for %s have every command and flag, and are a valid script for it", async (shell) => {
    const { code, stdout } = await command(["--completions", shell])
    assert.strictEqual(code, 0)
    for (const word of ["run", "init", "check", "schema", "replay", "config", "json"]) assert.include(stdout, word)
    await inScratch((directory) => {
      const file = path.join(directory, "completions")
      fs.writeFileSync(file, stdout)
      const read = spawnSync(shell, ["-n", file], { encoding: "utf8" })
      // The machine may not have this shell.
      if (read.error === undefined) assert.deepEqual([read.status, read.stderr], [0, ""])
      return Promise.resolve()
    })
  })

  it("are mentioned by --help", async () => {
    assert.include((await command(["--help"])).stdout, "fairlead --completions bash")
  })
})

describe("help", () => {
  it.each(["run", "init", "check", "schema", "replay"])("of %s has an example", async (name) => {
    const { code, stdout } = await command([name, "--help"])
    assert.strictEqual(code, 0)
    assert.match(stdout, new RegExp(`EXAMPLES[^]*fairlead ${name}`))
  })
})

describe("wrong usage", () => {
  it.each([[["chek"], "check"], [["check", "--jsn"], "--json"]])("%j exits 2 with the nearest name", async (args, guess) => {
    const { code, stderr } = await command(args)
    assert.strictEqual(code, 2)
    assert.include(stderr, guess)
  })
})
