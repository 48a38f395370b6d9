/** Dependencies are few, pinned and checked, run no scripts, and declare the peers that they need. */
import { readFileSync } from "node:fs"
import { assert, it } from "vitest"

interface Manifest {
  readonly devDependencies?: Readonly<Record<string, string>>
  readonly dependencies?: Readonly<Record<string, string>>
  readonly peerDependencies?: Readonly<Record<string, string>>
  readonly peerDependenciesMeta?: Readonly<Record<string, { readonly optional?: boolean }>>
}

const read = (path: string) => JSON.parse(readFileSync(path, "utf8")) as Manifest

/** Peer dependencies that no import of this program needs. */
const UNUSED: Readonly<Record<string, string>> = { redis: "@effect/platform-node has it for NodeRedis alone" }

function undeclared(
  { dependencies = {}, peerDependencies: own = {} }: Manifest,
  manifestOf: (name: string) => Manifest
): ReadonlyArray<string> {
  return Object.keys(dependencies).flatMap((name) => {
    const { peerDependencies = {}, peerDependenciesMeta = {} } = manifestOf(name)
    return Object.keys(peerDependencies)
      .filter((peer) => peerDependenciesMeta[peer]?.optional !== true)
      .filter((peer) => dependencies[peer] === undefined && own[peer] === undefined && UNUSED[peer] === undefined)
      .map((peer) => `${name} needs ${peer}`)
  })
}

const installed = (name: string) => read(`node_modules/${name}/package.json`)

it("every needed peer dependency of a dependency is declared in package.json", () => {
  assert.deepStrictEqual(undeclared(read("package.json"), installed), [])
})

it("a missing peer dependency is reported", () => {
  const { "@opentelemetry/semantic-conventions": _, ...others } = read("package.json").dependencies ?? {}
  const { peerDependencies = {} } = read("package.json")
  assert.deepStrictEqual(undeclared({ dependencies: others, peerDependencies }, installed), [
    "@effect/opentelemetry needs @opentelemetry/semantic-conventions"
  ])
})

/** One more package that users install is a decision, not an accident. */
const MOST_DEPENDENCIES = 13
const EXACT = /^\d+\.\d+\.\d+(-[\w.]+)?$/

interface Locked {
  readonly integrity?: string
  readonly link?: boolean
  readonly dev?: boolean
  readonly devOptional?: boolean
  readonly hasInstallScript?: boolean
}

const lockedPackages = () => {
  const { packages } = JSON.parse(readFileSync("package-lock.json", "utf8")) as { readonly packages: Record<string, Locked> }
  return Object.entries(packages).filter(([place, { link }]) => place.startsWith("node_modules/") && link !== true)
}

it("every dependency is pinned to one version, and the lock file has the checksum of each package", () => {
  const { dependencies = {}, devDependencies = {} } = read("package.json")
  const loose = Object.entries({ ...dependencies, ...devDependencies }).filter(([, version]) => !EXACT.test(version))
  assert.deepStrictEqual(loose, [])
  assert.isAtMost(Object.keys(dependencies).length, MOST_DEPENDENCIES)
  const packages = lockedPackages()
  assert.isAbove(packages.length, 100)
  assert.deepStrictEqual(packages.filter(([, { integrity }]) => !/^sha512-/.test(integrity ?? "")), [])
})

it("no package that users install runs a script", () => {
  const tools = new Set(["node_modules/deno"])
  const scripted = lockedPackages().filter(([place, { hasInstallScript, dev, devOptional }]) =>
    hasInstallScript === true && dev !== true && devOptional !== true && !tools.has(place)
  )
  assert.deepStrictEqual(scripted, [])
})
