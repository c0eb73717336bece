/**
 * Topics under `$dlq` hold what bridges could not send: messages of anybody. No client reads them unless a rule says that
 * it may; where no rule applies the answer is no, whatever `noMatch` says of other topics.
 */
export function isClosed(topicOrFilter: string): boolean {
  return topicOrFilter.startsWith('$dlq') && (topicOrFilter.length === 4 || topicOrFilter[4] === '/')
}
