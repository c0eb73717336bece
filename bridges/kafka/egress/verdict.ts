/**
 * What is to be done about an error that a broker answered to a batch. repeat: it passes. mend: somebody has to change
 * something. split: some record of it is wrong, or it is too large; a single one is rejected. reject: none of them will
 * ever be taken. anew: the numbers by which repeats are known are no longer known over there.
 */
export type Verdict = 'taken' | 'repeat' | 'mend' | 'split' | 'reject' | 'anew'

const verdicts: Readonly<Record<number, readonly [Verdict, word: string, meaning: string]>> = {
  0: ['taken', 'NONE', ''],
  10: ['split', 'MESSAGE_TOO_LARGE', 'it is larger than the topic takes (max.message.bytes)'],
  17: ['reject', 'INVALID_TOPIC_EXCEPTION', 'the topic is not one that can be written to'],
  18: ['split', 'RECORD_LIST_TOO_LARGE', 'it is larger than a segment of the topic'],
  21: ['mend', 'INVALID_REQUIRED_ACKS', 'the broker does not take acks=all'],
  29: ['reject', 'TOPIC_AUTHORIZATION_FAILED', 'no right to write to the topic'],
  31: ['mend', 'CLUSTER_AUTHORIZATION_FAILED', 'no right to write to the cluster'],
  32: ['split', 'INVALID_TIMESTAMP', 'its time is out of the range that the topic takes'],
  35: ['mend', 'UNSUPPORTED_VERSION', 'the broker is too old: Kafka 3.0 and later are spoken to'],
  42: ['mend', 'INVALID_REQUEST', 'the broker does not understand the request'],
  43: ['mend', 'UNSUPPORTED_FOR_MESSAGE_FORMAT', 'the format of the topic is older than Kafka 0.11'],
  44: ['reject', 'POLICY_VIOLATION', 'a policy of the cluster forbids it'],
  45: ['anew', 'OUT_OF_ORDER_SEQUENCE_NUMBER', 'its number does not follow the last'],
  // It is there already: an answer was lost.
  46: ['taken', 'DUPLICATE_SEQUENCE_NUMBER', ''],
  47: ['anew', 'INVALID_PRODUCER_EPOCH', 'its producer is out of date'],
  59: ['anew', 'UNKNOWN_PRODUCER_ID', 'its producer is unknown'],
  76: ['mend', 'UNSUPPORTED_COMPRESSION_TYPE', 'the broker does not have this compression'],
  87: ['split', 'INVALID_RECORD', 'the broker calls it invalid'],
}

const passing: Readonly<Record<number, string>> = {
  3: 'UNKNOWN_TOPIC_OR_PARTITION',
  5: 'LEADER_NOT_AVAILABLE',
  6: 'NOT_LEADER_OR_FOLLOWER',
  7: 'REQUEST_TIMED_OUT',
  19: 'NOT_ENOUGH_REPLICAS',
  20: 'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  56: 'KAFKA_STORAGE_ERROR',
}

/** An error that is not in the table may pass. */
export function verdictOn(code: number): { verdict: Verdict; word: string; meaning: string } {
  const [verdict, word, meaning] = verdicts[code] ?? ['repeat', passing[code] ?? `KAFKA_ERROR_${code}`, '']
  return { verdict, word, meaning }
}
