/** The lines that `fairlead env` prints: variables for a shell, and comments for programs that have settings of their own. */
import type { Shell } from "./Shell.ts"

export interface ProxyPort {
  /** `127.0.0.1:8118` */
  readonly at: string
  /** Whether it asks its clients for a name and a password. */
  readonly asksUser: boolean
  /** URL of the file for browsers. */
  readonly pac: string
  /** Other proxy listeners of the service. */
  readonly others: ReadonlyArray<string>
}

/** Variables that the user sets where the port asks for a name and a password. */
export const USER = "FAIRLEAD_USER"
export const PASSWORD = "FAIRLEAD_PASSWORD"

/** Names that go without the proxy: this machine's own. */
const LOCAL = ["localhost", "127.0.0.1", "::1"]

/** `noProxy`: what the environment says already; its names stay. */
export function proxyVariables(port: ProxyPort, shell: Shell, command: string, noProxy = ""): ReadonlyArray<string> {
  const { at, asksUser, pac, others } = port
  const url = asksUser ? shell.withUser("http://", USER, PASSWORD, `@${at}`) : shell.quote(`http://${at}`)
  const without = shell.quote(directNames(noProxy).join(","))
  // Programs differ in which case they read. all_proxy is left out: programs take it for protocols such as FTP too, which
  // `allow` rarely has, and some fail to start when it names a SOCKS proxy.
  const variables = ["http_proxy", "https_proxy", "no_proxy", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"].map((name) =>
    shell.set(name, name.toLowerCase() === "no_proxy" ? without : url)
  )
  return [...variables, ...comments(port, shell, command), ...otherPorts(others), `# browser: ${pac}`]
}

function comments({ at, asksUser }: ProxyPort, shell: Shell, command: string): ReadonlyArray<string> {
  const url = `http://${asksUser ? "NAME:PASSWORD@" : ""}${at}`
  const password = asksUser
    ? [
      `# This port asks for a name and a password, and neither is printed. Set ${USER} and ${PASSWORD} first.`,
      "# Write characters such as @ : / and % in them as in a URL: %40 for @."
    ]
    : []
  return [
    `# Run this with: ${shell.evaluate(command)}`,
    ...password,
    "# curl, wget, git, npm and pip read these variables. These lines set the same for good, in settings of their own:",
    `# git:    git config --global http.proxy ${url}`,
    `# npm:    npm config set proxy=${url} https-proxy=${url}`,
    `# pip:    pip config set global.proxy ${url}`,
    `# Docker: "proxies": {"http-proxy": "${url}", "https-proxy": "${url}"} in /etc/docker/daemon.json`,
    `# Node:   ${shell.assign("NODE_USE_ENV_PROXY", "1")}  (from Node 24 on its fetch and http then read the variables)`
  ]
}

function otherPorts(others: ReadonlyArray<string>): ReadonlyArray<string> {
  return others.length === 0 ? [] : [`# This service has other proxy ports too: ${others.join(", ")}`]
}

/** The names of the environment come first, without those that no line may carry. */
function directNames(noProxy: string): ReadonlyArray<string> {
  // deno-lint-ignore no-control-regex
  const given = noProxy.split(/[,\s]+/).filter((name) => name !== "" && !/[\u0000-\u001f\u007f]/.test(name))
  return [...new Set([...given, ...LOCAL])]
}
