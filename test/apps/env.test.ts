/** `fairlead env`: its lines in real shells, and what it says when it cannot know the port. */
import { assert, describe, it } from "vitest"
import * as fs from "node:fs"
import * as http from "node:http"
import type * as net from "node:net"
import * as path from "node:path"
import { proxyVariables } from "../../src/apps/env/proxyVariables.ts"
import type { ShellName } from "../../src/apps/env/Shell.ts"
import { shells } from "../../src/apps/env/Shell.ts"
import { command, inScratch } from "../support/command.ts"
import { fileOf, lacksTool, runTool } from "../support/peers/tools.ts"
import { freePorts } from "../support/freePorts.ts"

const VARIABLES = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"]
const PORT = { at: "127.0.0.1:8118", asksUser: false, pac: "http://127.0.0.1:8118/proxy.pac", others: [] }
const DIRECT = "localhost,127.0.0.1,::1"

interface RealShell {
  readonly program: string
  readonly lacking: boolean
  readonly args: (script: string) => ReadonlyArray<string>
  readonly evaluate: (file: string) => string
  readonly echo: (name: string) => string
}

const real: Readonly<Record<ShellName, RealShell>> = {
  sh: {
    program: "sh",
    lacking: fileOf("sh") === undefined,
    args: (script) => ["-c", script],
    evaluate: (file) => `eval "$(cat '${file}')"`,
    echo: (name) => `printf '%s\\n' "${name}=$${name}"`
  },
  fish: {
    program: "fish",
    lacking: lacksTool("fish", "fish", "fish"),
    args: (script) => ["--no-config", "-c", script],
    evaluate: (file) => `cat '${file}' | source`,
    echo: (name) => `echo "${name}=$${name}"`
  },
  powershell: {
    program: "pwsh",
    lacking: lacksTool("pwsh", "none: from its maker", "pwsh"),
    args: (script) => ["-NoProfile", "-NonInteractive", "-Command", script],
    evaluate: (file) => `Get-Content '${file}' | Out-String | Invoke-Expression`,
    echo: (name) => `echo "${name}=$env:${name}"`
  }
}

/** The values of these variables after the shell has read the lines. */
const valuesIn = (shell: ShellName, lines: ReadonlyArray<string>, names: ReadonlyArray<string>, env = {}) =>
  inScratch(async (directory) => {
    const { program, args, evaluate, echo } = real[shell]
    const file = path.join(directory, "lines")
    fs.writeFileSync(file, `${lines.join("\n")}\n`)
    const script = [evaluate(file), ...names.map(echo)].join("; ")
    const { code, stdout, stderr } = await runTool(program, args(script), { env: { HOME: directory, ...env } })
    const values = stdout.trimEnd().split("\n").map((line) => line.split(/=(.*)/s, 2) as [string, string])
    return { code, stderr, values: Object.fromEntries(values) }
  })

for (const shell of ["sh", "fish", "powershell"] as const) {
  describe.skipIf(real[shell].lacking)(`the lines for ${shell}, read by ${real[shell].program}`, () => {
    it("set and export all variables, and keep what no_proxy says already", async () => {
      const odd = ".corp.example,it's $HOME,`id`,a\\b"
      const lines = proxyVariables(PORT, shells[shell], "fairlead env", odd)
      const { code, stderr, values } = await valuesIn(shell, lines, VARIABLES)
      assert.deepStrictEqual([code, stderr], [0, ""])
      const url = "http://127.0.0.1:8118"
      const direct = `.corp.example,it's,$HOME,\`id\`,a\\b,${DIRECT}`
      const expected = { http_proxy: url, https_proxy: url, no_proxy: direct, HTTP_PROXY: url, HTTPS_PROXY: url }
      assert.deepStrictEqual(values, { ...expected, NO_PROXY: direct })
    })

    it("take a name and a password from the environment, and print neither", async () => {
      const lines = proxyVariables({ ...PORT, asksUser: true }, shells[shell], "fairlead env")
      const env = { FAIRLEAD_USER: "ann", FAIRLEAD_PASSWORD: "p%40ss" }
      const { code, values } = await valuesIn(shell, lines, ["https_proxy"], env)
      assert.strictEqual(code, 0)
      assert.strictEqual(values["https_proxy"], "http://ann:p%40ss@127.0.0.1:8118")
      assert.include(lines.join("\n"), "FAIRLEAD_PASSWORD first")
    })
  })
}

describe("the lines for sh", () => {
  it("work in an unquoted eval, which joins them, and a second one adds nothing", async () => {
    const lines = proxyVariables(PORT, shells.sh, "fairlead env")
    const joined = lines.map((line) => line.replaceAll(/\s+/g, " ")).join(" ")
    const { code, values } = await valuesIn("sh", [joined], VARIABLES)
    assert.strictEqual(code, 0)
    assert.deepStrictEqual([values["https_proxy"], values["no_proxy"]], ["http://127.0.0.1:8118", DIRECT])
    const again = proxyVariables(PORT, shells.sh, "fairlead env", values["no_proxy"])
    assert.deepStrictEqual(again, lines)
  })

  it("stop with a message where the name or the password is not set", async () => {
    const lines = proxyVariables({ ...PORT, asksUser: true }, shells.sh, "fairlead env")
    const { code, stderr } = await valuesIn("sh", lines, [])
    assert.notStrictEqual(code, 0)
    assert.include(stderr, "FAIRLEAD_USER: set it and FAIRLEAD_PASSWORD first")
  })

  it("name git, npm, pip, Docker, Node and the file for browsers in comments", () => {
    const text = proxyVariables(PORT, shells.sh, "npm start --silent -- env").filter((line) => line.startsWith("#")).join(
      "\n"
    )
    for (
      const part of [
        'eval "$(npm start --silent -- env)"',
        "git config --global http.proxy http://127.0.0.1:8118",
        "npm config set proxy=http://127.0.0.1:8118 https-proxy=http://127.0.0.1:8118",
        "pip config set global.proxy http://127.0.0.1:8118",
        '"proxies": {"http-proxy": "http://127.0.0.1:8118", "https-proxy": "http://127.0.0.1:8118"}',
        "export NODE_USE_ENV_PROXY=1",
        "http://127.0.0.1:8118/proxy.pac"
      ]
    ) assert.include(text, part)
  })
})

/** Runs `use` with the port of an HTTP server that gives this answer to all requests. */
async function answering<A>(status: number, body: string, use: (port: number) => Promise<A>): Promise<A> {
  const server = http.createServer((_, response) => void response.writeHead(status).end(body))
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  try {
    return await use((server.address() as net.AddressInfo).port)
  } finally {
    server.close()
    server.closeAllConnections()
  }
}

const statusWith = (...listeners: ReadonlyArray<object>) => JSON.stringify({ listeners })
const local = { name: "local", protocol: "proxy", listen: "0.0.0.0:8118" }

describe("fairlead env", () => {
  it("prints the variables for the proxy listener that the admin port names", () =>
    answering(200, statusWith({ name: "web", protocol: "tcp", listen: "127.0.0.1:1234" }, local), async (port) => {
      const { code, stdout, stderr } = await command(["env", "--admin", `127.0.0.1:${port}`])
      assert.strictEqual(code, 0, stderr)
      assert.include(stdout, "export https_proxy='http://127.0.0.1:8118';\n")
    }))

  it("goes to the admin port directly, whatever proxy the environment names", () =>
    answering(200, statusWith(local), async (port) => {
      const [nothing = 0] = await freePorts(1)
      const url = `http://127.0.0.1:${nothing}`
      const env = { http_proxy: url, HTTP_PROXY: url, NODE_USE_ENV_PROXY: "1", no_proxy: "", NO_PROXY: "" }
      const { code, stderr } = await command(["env", "--shell", "fish", "--admin", `127.0.0.1:${port}`], { env })
      assert.strictEqual(code, 0, stderr)
    }))

  it("exits 1 with what to do when no service runs, or none with a proxy port, or something else answers", async () => {
    const [nothing = 0] = await freePorts(1)
    const none = await command(["env", "--admin", `127.0.0.1:${nothing}`])
    assert.deepStrictEqual([none.code, none.stdout], [1, ""])
    assert.include(none.stderr, `no service answers on the admin port 127.0.0.1:${nothing}. Start one: `)
    const tcp = statusWith({ name: "web", protocol: "tcp", listen: "127.0.0.1:1234" })
    for (
      const [status, body, part] of [
        [200, tcp, "no listener of protocol proxy, only web (tcp): add one"],
        [200, "<html>", "is no Fairlead that this command knows"],
        [401, "", "needs its token: name its file with --config"]
      ] as const
    ) {
      const { code, stdout, stderr } = await answering(
        status,
        body,
        (port) => command(["env", "--admin", `127.0.0.1:${port}`])
      )
      assert.deepStrictEqual([code, stdout], [1, ""])
      assert.include(stderr, part)
    }
  }, 60_000)

  it("exits 2 for an address that is none", async () => {
    const { code, stderr } = await command(["env", "--admin", "localhost"])
    assert.strictEqual(code, 2)
    assert.include(stderr, "--admin localhost: expected an address with a port such as 127.0.0.1:9099")
  })
})
