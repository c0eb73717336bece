import { beforeAll, expect, test } from 'vitest'
import { missingTool } from '../interop/toolchain.ts'
import { build } from '../support/build.ts'
import { describeUnless, describeWith, noNamespaces } from '../support/skipping.ts'
import { boot, bootFails } from './service/boot.ts'
import { snippetWith } from './snippets.ts'

/** As the guide of operations.md says, but for the sources: those of this checkout, built, lie in /opt/robustmq. */
const typed = snippetWith('docs/guides/operations.md', 'sh', 'useradd').replace(
  'git clone ... /opt/robustmq && cd /opt/robustmq && npm ci',
  'cd /opt/robustmq',
)

/** What is asked of the service that then runs; each answer is a line. */
const questions = `
property() { systemctl show robustmq --value --property "$1"; }
ready() { curl --silent --output /dev/null --fail --retry 60 --retry-delay 1 --retry-all-errors localhost:8080/readyz; }
kept() { mosquitto_sub -t kept -C 1 -W 30; }
say() { echo "$1: $2"; }
trap 'journalctl --no-pager --unit robustmq >/results/log' EXIT

ready
first=$(property MainPID)
say enabled "$(systemctl is-enabled robustmq)"
say user "$(ps -o user= -p "$first")"
for right in CapBnd NoNewPrivs Seccomp; do say "$right" "$(sed -n "s/^$right:\\t//p" "/proc/$first/status")"; done
say data "$(stat --format '%U %a' /var/lib/robustmq)"
say homes "$(nsenter --target "$first" --mount stat --format %a /root /home | xargs)"
# What is mounted read-only is so even for root; /etc/robustmq is not, but belongs to root.
within() { nsenter --target "$first" --mount "$@" 2>/dev/null && echo yes || echo no; }
for place in /var/lib /usr /etc; do say "root writes $place" "$(within touch $place/written)"; done
for place in /var/lib/robustmq /etc/robustmq; do
  say "it writes $place" "$(within setpriv --reuid robustmq --regid robustmq --clear-groups touch $place/written)"
done

mosquitto_pub -q 1 -r -t kept -m 'stored once'
systemctl reload robustmq
say reloaded "$([ "$(property MainPID)" = "$first" ] && kept)"
systemctl restart robustmq
ready
second=$(property MainPID)
say restarted "$([ "$second" != "$first" ] && kept)"
kill -KILL "$second"
ready
say killed "$([ "$(property MainPID)" != "$second" ] && kept), begun again $(property NRestarts) time"
systemctl stop robustmq
say stopped "$(property Result) $(property ExecMainStatus)"
`

const tools = [
  { command: 'systemd-nspawn', atLeast: [250, 0], install: 'Debian: apt-get install systemd-container' },
  { command: 'mosquitto_pub', versionArguments: ['--help'], install: 'Debian: apt-get install mosquitto-clients' },
  { command: 'curl', install: 'Debian: apt-get install curl' },
] as const

const missing = missingTool(tools)
const lack = noNamespaces ?? (missing === undefined ? await bootFails() : undefined)

describeUnless(lack, 'the service that operations.md tells to install', () => {
  describeWith(missing, 'on a systemd of its own', () => {
    beforeAll(build)

    test('serves as a user with one directory and no rights, reloads, and keeps messages when it is restarted or killed', async () => {
      const { printed, log } = await boot(typed + questions)
      expect(printed.trim().split('\n'), log).toEqual([
        'enabled: enabled',
        'user: robustmq',
        'CapBnd: 0000000000000000',
        'NoNewPrivs: 1',
        'Seccomp: 2',
        'data: robustmq 700',
        'homes: 0 0',
        'root writes /var/lib: no',
        'root writes /usr: no',
        'root writes /etc: no',
        'it writes /var/lib/robustmq: yes',
        'it writes /etc/robustmq: no',
        'reloaded: stored once',
        'restarted: stored once',
        'killed: stored once, begun again 1 time',
        'stopped: success 0',
      ])
    })
  })
})
