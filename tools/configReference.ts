/** Writes docs/configuration.md from the schema: `node tools/configReference.ts` (`--check` only compares). */
import type * as SchemaAST from "effect/SchemaAST"
import { readFileSync, writeFileSync } from "node:fs"
import process from "node:process"
import { choicesOf, formOf, note } from "../src/apps/config/schemaKeys.ts"
import { ConfigFile } from "../src/core/schema/ConfigFile.ts"
import { OVERRIDABLE } from "../src/core/schema/sections.ts"

const PAGE = "docs/configuration.md"
const HEAD = `# Configuration

One file, YAML or JSON. \`fairlead init\` writes one to begin with, \`fairlead check --config FILE\` names every mistake in it with
line and column and prints what is in force, and \`fairlead schema\` prints a JSON Schema with which editors complete and check
it: save it beside the file and begin the file with \`# yaml-language-server: $schema=fairlead.schema.json\`.

Durations are \`250ms\`, \`10s\`, \`5m\`, \`1h30m\`, \`7d\`; sizes \`512B\`, \`64KiB\`, \`64MiB\`. Unknown keys are errors, and a key that is written
twice is one. Keys that begin with \`x-\` are the file's own: they may hold anything, in every section, and change nothing. With anchors and YAML's merge keys
they save repetition: \`x-base: &base { port: 443, attempts: 3 }\`, and in an upstream \`<<: *base\` (or \`<<: [*one, *other]\`, of which the first wins); what stands beside it wins.

The sections ${OVERRIDABLE.map((name) => `\`${name}\``).join(", ")} and the key
\`attempts\` may also stand in an upstream and override the general ones there, key by key (not the budgets that all upstreams
share: \`maxParallel\`, \`perHost\`, \`ratePerSecond\`, \`maxCandidates\`, \`connectivity\`, \`total\`).

## Values from the environment

\`\${NAME}\` in a value stands for what the environment holds under that name; \`\${NAME:-default}\` gives a default for an unset or
empty one; \`$\${\` stands for the two characters themselves. It may stand anywhere in a text, and where a number or a truth value
is wanted it becomes one. Inside \`{ }\` and \`[ ]\` YAML wants quotes round it: \`{ port: "\${PORT}" }\`. A variable that is neither set
nor has a default is an error, and so is an empty one for a key that protects (\`admin.token\`, \`caFile\`). What came from the environment is shown as \`***\` in error messages.

The variables of OpenTelemetry mean what they mean to every program with its SDK; what the file says under \`telemetry\` wins, but \`OTEL_SDK_DISABLED=true\` and
\`OTEL_TRACES_EXPORTER=none\` turn traces off whatever it says. These have an effect: \`OTEL_SDK_DISABLED\`, \`OTEL_TRACES_EXPORTER\` (otlp, none), \`OTEL_TRACES_SAMPLER\`
(\`always_on\`, \`always_off\`, \`traceidratio\` and their \`parentbased_\` forms: no connection has a parent) with \`OTEL_TRACES_SAMPLER_ARG\`, which counts without a sampler too,
\`OTEL_SERVICE_NAME\`, \`OTEL_RESOURCE_ATTRIBUTES\`, \`OTEL_EXPORTER_OTLP_ENDPOINT\`, \`_HEADERS\`, \`_TIMEOUT\`, \`_COMPRESSION\`, \`_CERTIFICATE\`, \`_CLIENT_KEY\`, \`_CLIENT_CERTIFICATE\` and each of
them with \`_TRACES_\`, \`OTEL_BSP_*\`, and the limits \`OTEL_ATTRIBUTE_*\` and \`OTEL_SPAN_ATTRIBUTE_*\`. Traces are sent as JSON over HTTP alone, so \`OTEL_EXPORTER_OTLP_PROTOCOL\` has no other
value than \`http/json\`, and 4317 is the wrong port. A variable of the specification that has no effect, or a value that cannot be read, is named in a warning, without the value.

## Secrets

\`admin.token\` is a secret: it is never logged, recorded, traced or printed, \`check\` shows it as \`***\`. Better than in the file it is
kept in the environment: \`token: \${FAIRLEAD_TOKEN}\`. Headers for the collector come from \`OTEL_EXPORTER_OTLP_HEADERS\` and \`OTEL_EXPORTER_OTLP_TRACES_HEADERS\` alone.

## Reload

A running service reads the file again when it changes (also when an editor replaces it) and on SIGHUP, and applies it within
five seconds without cutting a session. A file with a mistake changes nothing and is reported line by line. Keys that need a
restart are named in a warning when they have changed; [operations.md](operations.md) lists them.

## Keys

This page is generated from the schema: \`node tools/configReference.ts\`.

`

const LATER = `
## Keys of later versions

A file may have these keys already. They are checked like all others and change nothing yet, of which a warning tells. One that protects
(\`clients\`, \`users\`, \`allow\`, \`privateTargets: false\`, \`proxyProtocol\`) is a mistake in this version, which could not keep what it promises.

`

/** `later`: the keys that nothing acts upon yet, which have a table of their own. */
function rows(ast: SchemaAST.AST, path: string, later: boolean, within = false): ReadonlyArray<string> {
  if (ast._tag === "Arrays") {
    return ast.rest.flatMap((one) => one.encoding === undefined ? rows(one, `${path}[]`, later, within) : [])
  }
  if (ast._tag !== "Objects") return []
  const own = ast.propertySignatures.flatMap(({ name, type }) => {
    const here = path === "" ? String(name) : `${path}.${String(name)}`
    const fallback = note(type, "default")
    const description = note(type, "description")
    const isSection = type._tag === "Objects" && description === undefined
    const shown = fallback === undefined ? "" : `\`${JSON.stringify(fallback)}\``
    const isLater = within || note(type, "later") === true
    const row = `| \`${here}\` | ${shown} | ${allowed(type)} | ${String(description ?? "")} |`
    // What is written as text is one key, whatever it becomes.
    const inner = type.encoding === undefined ? rows(type, here, later, isLater) : []
    return [...(isSection || isLater !== later ? [] : [row]), ...inner]
  })
  const values = ast.indexSignatures.flatMap(({ type }) => rows(type, `${path}.NAME`, later, within))
  return [...own, ...values]
}

/** What may stand there, as short as a table wants it. */
function allowed(type: SchemaAST.AST): string {
  const choices = choicesOf(type)
  if (choices !== undefined) return choices.join(", ")
  if (type._tag === "Boolean") return "true, false"
  const range = /from (\S+ to \S+)$/.exec(formOf(type)?.expected ?? "")?.[1] ?? ""
  return `${formOf(type)?.expected.startsWith("auto,") ? "auto, " : ""}${range}`
}

const OVERRIDE = new RegExp(`^\\| \`upstreams\\.NAME\\.(${OVERRIDABLE.join("|")}|attempts)\\b`)
const table = (later: boolean) =>
  `| key | default | range | meaning |\n| --- | --- | --- | --- |\n${
    rows(ConfigFile.ast, "", later).filter((row) => !OVERRIDE.test(row)).join("\n")
  }\n`
const page = `${HEAD}${table(false)}${LATER}${table(true)}`
if (process.argv.includes("--check")) {
  if (readFileSync(PAGE, "utf8") !== page) {
    console.error(`${PAGE} is not what the schema says: run node tools/configReference.ts`)
    process.exit(1)
  }
} else writeFileSync(PAGE, page)
