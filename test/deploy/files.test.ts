/** The files of deploy/ for containers, Kubernetes and systemd, each checked by what can be had of their own tools. */
import { assert, describe, it } from "vitest"
import { spawnSync } from "node:child_process"
import * as fs from "node:fs"
import * as path from "node:path"
import process from "node:process"
import { parse as parseYaml, parseAllDocuments } from "yaml"
import { parse } from "../../src/apps/config/parse.ts"
import { inScratch, portOf, ROOT, start, writeConfig } from "../support/command.ts"
import { freePorts } from "../support/freePorts.ts"
import { lacksTool } from "../support/peers/tools.ts"
import { named, until } from "../support/servers.ts"

const read = (file: string) => fs.readFileSync(path.join(ROOT, "deploy", file), "utf8")
const environment = { FAIRLEAD_ADMIN_TOKEN: "0123456789abcdef0123456789abcdef", POD_IP: "10.1.2.3" }
const dockerfile = read("Dockerfile")
const compose = parseYaml(read("compose.yaml"))
const manifests = parseAllDocuments(read("kubernetes/fairlead.yaml")).map((one) => one.toJS())
const manifest = (kind: string) => manifests.find((one) => one.kind === kind)

describe("the configurations in deploy/", () => {
  it.each([
    ["compose", read("compose/fairlead.yaml")],
    ["Kubernetes", manifest("ConfigMap").data["fairlead.yaml"] as string]
  ])("for %s are valid, and their admin port needs the token of the environment", (_name, text) => {
    const { settings, problems, warnings } = parse(text, environment)
    assert.deepStrictEqual([problems, warnings.map(({ path }) => path)], [[], ["admin.listen"]])
    assert.isNotNull(settings?.admin?.token)
    assert.strictEqual(settings?.admin?.listen.host, "0.0.0.0")
    assert.isNotEmpty(parse(text, {}).problems)
  })
})

describe("the container", () => {
  it("runs as a user without rights, from an image that holds the bundled program alone", () => {
    const stages = dockerfile.split(/^FROM /m)
    const last = stages.at(-1) as string
    assert.match(last, /^USER 65532:65532$/m)
    assert.deepStrictEqual([...last.matchAll(/^COPY .*$/gm)].map(([line]) => line), [
      "COPY --from=build /build/package.json /opt/fairlead/package.json",
      "COPY --from=build /build/dist/bin /opt/fairlead/dist/bin"
    ])
    const { fairlead } = compose.services
    assert.deepStrictEqual([fairlead.read_only, fairlead.cap_drop], [true, ["ALL"]])
    for (const { ports = [] } of Object.values<{ ports?: ReadonlyArray<string> }>(compose.services)) {
      for (const port of ports) assert.match(port, /^127\.0\.0\.1:/)
    }
  })

  it("mounts only files that exist", () => {
    const mounted = Object.values<{ volumes?: ReadonlyArray<string> }>(compose.services)
      .flatMap(({ volumes = [] }) => volumes).map((volume) => volume.split(":")[0] as string).filter((from) =>
        from.startsWith(".")
      )
    assert.isAtLeast(mounted.length, 5)
    for (const from of mounted) assert.isTrue(fs.existsSync(path.join(ROOT, "deploy", from)), from)
  })

  it(
    "is healthy by the command of its health check while the service lives, and not after",
    () =>
      inScratch(async (directory) => {
        const server = await named("one")
        const [admin = 0] = await freePorts(1)
        const token = environment.FAIRLEAD_ADMIN_TOKEN
        const file = writeConfig(directory, {
          candidates: [server.port],
          more: `admin: { listen: "127.0.0.1:${admin}", token: ${token} }`
        })
        const running = start(["run", "--config", file], { runtime: "node" })
        await until("it listens", () => portOf(running) !== undefined, 30_000)
        const [command = "", ...args] = JSON.parse(/^ {2}CMD (\[.*\])$/m.exec(dockerfile)?.[1] ?? "[]") as Array<string>
        const check = () => spawnSync(command, args, { env: { ...process.env, FAIRLEAD_ADMIN_PORT: String(admin) } }).status
        assert.strictEqual(check(), 0)
        running.kill("SIGTERM")
        await running.ended
        assert.strictEqual(check(), 1)
        await server.stop()
      }),
    60_000
  )
})

describe("the manifests for Kubernetes", () => {
  it("let a stopping pod finish its sessions, and keep one pod up", () => {
    const { template, replicas } = manifest("Deployment").spec
    const { settings } = parse(manifest("ConfigMap").data["fairlead.yaml"], environment)
    assert.isAbove(template.spec.terminationGracePeriodSeconds * 1_000, settings?.shutdown.drain ?? Infinity)
    assert.strictEqual(manifest("PodDisruptionBudget").spec.minAvailable, replicas - 1)
    const [{ readinessProbe, livenessProbe, securityContext }] = template.spec.containers
    assert.deepStrictEqual([livenessProbe.httpGet.path, readinessProbe.httpGet.path], ["/healthz", "/readyz"])
    assert.deepInclude(securityContext, { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true })
  })
})

const systemd = lacksTool("systemd", "systemd", "systemd-analyze")

describe.skipIf(systemd)("the unit for systemd", () => {
  const analyze = (...args: ReadonlyArray<string>) => spawnSync("systemd-analyze", args, { encoding: "utf8" })

  it("is one that systemd reads without a complaint", () =>
    inScratch((directory) => {
      const file = path.join(directory, "fairlead.service")
      const text = read("fairlead.service").replaceAll("/opt/fairlead/node_modules/.bin/node", process.execPath)
        .replaceAll("/opt/fairlead", ROOT)
      fs.writeFileSync(file, text)
      const { status, stderr } = analyze("verify", "--man=no", file)
      const own = stderr.split("\n").filter((line) => line.includes("fairlead"))
      assert.deepStrictEqual([status, own], [0, []])
      return Promise.resolve()
    }))

  it("has an exposure of at most 2.0 in systemd's own judgement", () => {
    const { status, stdout } = analyze(
      "security",
      "--offline=true",
      "--no-pager",
      "--threshold=20",
      path.join(ROOT, "deploy/fairlead.service")
    )
    assert.strictEqual(status, 0, stdout)
  })
})

it("Prometheus of compose scrapes under the name that the rules have, and reads these rules", () => {
  const { scrape_configs, rule_files } = parseYaml(read("compose/prometheus.yml"))
  assert.deepStrictEqual(scrape_configs.map(({ job_name }: { job_name: string }) => job_name), ["fairlead"])
  assert.deepStrictEqual(rule_files, ["rules.yaml"])
  assert.include(read("prometheus/rules.yaml"), 'up{job="fairlead"}')
})
