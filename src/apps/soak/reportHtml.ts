import type { Report } from "./Report.ts"
export function reportHtml(report: Report): string {
  return `<pre>${JSON.stringify(report.verdict, null, 2)}</pre>`
}
