/** Numbers of a broker minute by minute, in promtool's notation: those that must raise an alert, and those that must not. */
export const minutes: readonly { alert: string; series: string; bad: string; fine: string }[] = [
  { alert: 'RobustMQDown', series: 'up{job="robustmq"}', bad: '0x40', fine: '1x40' },
  { alert: 'RobustMQRestarts', series: 'process_start_time_seconds{job="robustmq"}', bad: '0+60x40', fine: '60x40' },
  { alert: 'RobustMQAlarm', series: 'robustmq_alarms', bad: '1x40', fine: '0x40' },
  {
    alert: 'RobustMQMessagesDropped',
    series: 'robustmq_messages_dropped_total{reason="queue-full"}',
    bad: '0+60x40',
    fine: '7x40',
  },
  { alert: 'RobustMQQueuesGrow', series: 'robustmq_queued_messages', bad: '0+12000x40', fine: '0+60x40' },
  { alert: 'RobustMQLoginsRefused', series: 'robustmq_logins_refused_total', bad: '0+120x40', fine: '0+30x40' },
  {
    alert: 'RobustMQMalformedPackets',
    series: 'robustmq_mqtt_malformed_packets_total',
    bad: '0+120x40',
    fine: '0+30x40',
  },
  { alert: 'RobustMQMemoryNearLimit', series: 'robustmq_memory_bytes{part="queues"}', bad: '90x40', fine: '80x40' },
  {
    alert: 'RobustMQEventLoopSlow',
    series: 'nodejs_eventloop_lag_p99_seconds{job="robustmq"}',
    bad: '0.5x40',
    fine: '0.2x40',
  },
  { alert: 'RobustMQFewFileDescriptors', series: 'process_open_fds{job="robustmq"}', bad: '90x40', fine: '80x40' },
  { alert: 'RobustMQBridgeDown', series: 'robustmq_bridge_up{bridge="out"}', bad: '0x40', fine: '1x40' },
  { alert: 'RobustMQBridgeLags', series: 'robustmq_bridge_lag_age_seconds{bridge="out"}', bad: '400x40', fine: '2x40' },
  {
    alert: 'RobustMQBridgeDeadLetters',
    series: 'robustmq_bridge_dead_letters{bridge="out"}',
    bad: '0+1x40',
    fine: '5x40',
  },
]

/** What rules compare with, and a bridge that somebody has paused, which is no alert. */
const always = [
  { series: 'robustmq_bridge_paused{bridge="out"}', values: '0x40' },
  { series: 'robustmq_bridge_up{bridge="paused"}', values: '0x40' },
  { series: 'robustmq_bridge_paused{bridge="paused"}', values: '1x40' },
  { series: 'robustmq_memory_budget_bytes', values: '100x40' },
  { series: 'process_max_fds{job="robustmq"}', values: '100x40' },
]

/** A file of `promtool test rules`: after 40 minutes these alerts are raised, and no others. */
export function ruleTest(what: 'bad' | 'fine', raised: readonly string[]): string {
  return JSON.stringify({
    rule_files: ['alerts.yaml'],
    evaluation_interval: '1m',
    tests: [
      {
        interval: '1m',
        input_series: [...minutes.map(one => ({ series: one.series, values: one[what] })), ...always],
        promql_expr_test: [
          {
            expr: 'sum by (alertname) (ALERTS{alertstate="firing"})',
            eval_time: '40m',
            exp_samples: raised.map(alert => ({ labels: `{alertname="${alert}"}`, value: 1 })),
          },
        ],
      },
    ],
  })
}
