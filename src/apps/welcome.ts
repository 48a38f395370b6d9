/** What `run` without a file says on stdout: what to type next, in five lines. */
import { endpointText } from "../core/endpointText.ts"
import type { Address } from "../core/model/Config.ts"
import { localEndpoint } from "../adapters/admin/localEndpoint.ts"
import { howToRun } from "./howToRun.ts"

/** Explanations begin in this column. */
const NOTE_COLUMN = 62

/** `admin`: whether there is an admin port. */
export function welcome(proxy: Address, admin: boolean): string {
  const at = endpointText(localEndpoint(proxy))
  const variables = admin
    ? noted(`eval "$(${howToRun("env")})"`, "# every program of that shell")
    : noted(`export http_proxy=http://${at} https_proxy=http://${at}`, "# every program of that shell")
  return [
    `Fairlead serves HTTP, HTTPS and SOCKS clients on ${at}. In another terminal:`,
    noted(`https_proxy=http://${at} git clone https://...`, "# one command"),
    noted(`curl --socks5-hostname ${at} https://...`, `# or curl --proxy ${at}`),
    variables,
    noted(`http://${at}/proxy.pac`, "# for a browser: its automatic proxy configuration")
  ].join("\n")
}

function noted(line: string, note: string): string {
  return `  ${line.padEnd(NOTE_COLUMN)}  ${note}`
}
