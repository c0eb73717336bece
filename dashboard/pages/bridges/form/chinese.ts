/**
 * What the plugins of this repository say about their options, in Chinese, by what they say in English. A plugin of
 * somebody else's speaks English here.
 */
export const chinese: Readonly<Record<string, string>> = {
  'Messages as requests to a web server.': '将消息作为请求发送到 Web 服务器。',
  'Where to, such as https://example.org/hook. What `to.path` gives is added to it.':
    '目标地址，例如 https://example.org/hook。`to.path` 的结果会附加在其后。',
  'Sent with every request, such as `authorization: "Bearer ${env:TOKEN}"`.':
    '随每个请求发送，例如 `authorization: "Bearer ${env:TOKEN}"`。',
  'One value.': '一个值。',
  'Signs every request: `robustmq-signature: t=<seconds>,v1=<HMAC-SHA256 of "<seconds>.<body>" in hex>`.':
    '为每个请求签名：`robustmq-signature: t=<秒>,v1=<"<秒>.<正文>" 的 HMAC-SHA256，十六进制>`。',
  'How long an answer may take.': '等待应答的最长时间。',
  'Of https.': '用于 https。',
  "PEM file: authorities that are trusted. Default: the system's.":
    'PEM 文件：受信任的证书颁发机构。默认：系统自带的。',
  'PEM file: our certificate, where the far side asks for one (mTLS).': 'PEM 文件：对方要求时出示的我方证书（mTLS）。',
  'PEM file: its private key.': 'PEM 文件：其私钥。',
  'Of the private key. Use ${env:NAME} or ${file:path}.': '私钥的口令。请使用 ${env:NAME} 或 ${file:path}。',
  'The name the certificate must bear. Default: the host that is connected to.':
    '证书必须包含的名称。默认：所连接的主机。',
  'false: any certificate is believed. For tests alone: whoever is on the way can then read everything.':
    'false：接受任何证书。仅供测试：此时链路上的任何人都能读取全部内容。',
  'Which messages go out: one topic filter or a list of them, all of guarantee 0 included.':
    '哪些消息发出：一个主题过滤器或其列表，包括所有 QoS 0 的消息。',
  'One topic filter.': '一个主题过滤器。',
  'Only messages for which this holds, such as `${payload.temp} > 40`.':
    '仅满足此条件的消息，例如 `${payload.temp} > 40`。',
  'Where to, and what becomes of a message there.': '发往何处，以及消息在那里变成什么。',
  'One of `connections`.': '`connections` 之一。',
  'Added to the URL of the connection. Messages of one batch need the same.':
    '附加到连接的 URL。同一批次的消息必须相同。',
  'The method.': '请求方法。',
  'single: a request a message. array: a JSON array of them. ndjson: a line each.':
    'single：每条消息一个请求。array：一个 JSON 数组。ndjson：每条一行。',
  'What is sent of a message. `${payload}` alone: its bytes, which only `single` can.':
    '发送消息的哪些内容。仅写 `${payload}`：其原始字节，只有 `single` 支持。',
  "Default: application/json, or the message's own where the body is its bytes.":
    '默认：application/json；正文为原始字节时使用消息自身的类型。',
  'More headers, of `single` alone.': '更多请求头，仅用于 `single`。',
  'With `delivery.parallel`: messages of one key keep their order. Default: the topic.':
    '配合 `delivery.parallel`：同一键的消息保持顺序。默认：主题。',
  'How it is sent.': '如何发送。',
  'How long a batch waits to be filled.': '批次等待填满的时间。',
  'Bytes of one batch.': '一个批次的字节数。',
  'Messages of one batch.': '一个批次的消息数。',
  'Requests under way at once, of `single`. 1: all messages keep their order.':
    '`single` 同时进行的请求数。1：所有消息保持顺序。',
  'Where messages wait until they are sent.': '消息在发送前等待的地方。',
  'Where messages wait. memory: what waits is lost when the broker stops, and no publisher waits for a disk.':
    '消息在哪里等待。memory：代理停止时等待中的消息会丢失，但发布者无需等待磁盘。',
  'Bytes that may wait.': '最多可等待的字节数。',
  'Messages that may wait.': '最多可等待的消息数。',
  'Older messages are dropped instead of sent; 0: none are.': '更旧的消息会被丢弃而不发送；0：不丢弃。',
  'What happens when it is full. block: publishes to its topics are refused until there is room.':
    '写满时如何处理。block：在有空间之前拒绝向其主题发布。',
  'Whose topics these are.': '这些主题属于哪个租户。',
  'false: as if it were not there, but checked.': 'false：如同不存在，但仍会检查。',
  'What follows a failed attempt.': '尝试失败之后怎么办。',
  'How often a message is sent before it becomes a dead letter.': '消息成为死信之前的发送次数。',
  'The pause after a failed attempt: the first and the longest; each up to twice as long as the one before.':
    '失败后的等待时间：首次与最长；每次最多为前一次的两倍。',
  'Where messages go that can never be sent: too large, an unknown topic, a missing path.':
    '永远无法发送的消息去往何处：过大、未知主题、缺少路径。',
  'The topic of dead letters. Default: `$dlq/` and the name of the bridge.': '死信的主题。默认：`$dlq/` 加桥接名称。',
  'Bytes of dead letters that are kept; the oldest leave.': '保留的死信字节数；最旧的先离开。',
  'Messages to and from another MQTT broker.': '与另一个 MQTT 代理互传消息。',
  'The other broker: mqtt://, mqtts://, ws:// or wss://, a host, and a port unless it is the usual one.':
    '另一个代理：mqtt://、mqtts://、ws:// 或 wss://，主机，以及非默认的端口。',
  'The version of MQTT. 3.1.1 has no headers, so no guard against loops.':
    'MQTT 版本。3.1.1 没有属性，因此无法防止循环。',
  'Its beginning; the name of the bridge is added. Default: `robustmq-` and the name of the node.':
    '其开头部分；会附加桥接名称。默认：`robustmq-` 加节点名称。',
  'The user name there.': '对方的用户名。',
  'Its password. Use ${env:NAME} or ${file:path}.': '其密码。请使用 ${env:NAME} 或 ${file:path}。',
  'Silence longer than this ends it.': '静默超过此时间即断开。',
  'How long a CONNECT may take.': 'CONNECT 的最长时间。',
  'Of mqtts and wss.': '用于 mqtts 和 wss。',
  'The topic there. `site-7/${topic}` adds a prefix, `${topic[1..]}` takes the first level away.':
    '对方的主题。`site-7/${topic}` 添加前缀，`${topic[1..]}` 去掉第一层。',
  'What is published there.': '在对方发布的内容。',
  'With which QoS. 0: what is lost on the way is lost.': '使用的 QoS。0：途中丢失即丢失。',
  'keep: what was published as retained becomes retained there, too.': 'keep：以保留方式发布的消息在对方也保留。',
  'Where records come from.': '记录来自何处。',
  'Topic filters there.': '对方的主题过滤器。',
  'A topic filter.': '一个主题过滤器。',
  '1: acknowledged there when it is stored here.': '1：在此处存储后才向对方确认。',
  'What becomes of a record.': '记录变成什么。',
  'Where a record is published.': '记录发布到何处。',
  'What is published: bytes, or a map that becomes JSON.': '发布的内容：字节，或转为 JSON 的映射。',
  'With which guarantee. 0: nothing is stored for it.': '使用的 QoS。0：不为其存储任何内容。',
  "Whether it becomes the topic's retained value.": '是否成为该主题的保留消息。',
  "User properties. Default: the record's headers.": '用户属性。默认：记录的头。',
  'Apache Kafka 3.0 and later, and what speaks its protocol: both ways.':
    'Apache Kafka 3.0 及更高版本，以及使用其协议的系统：双向。',
  'Brokers to begin with; one that answers names all others.': '起始的代理；任何一个应答者会告知其余所有。',
  'host:port; without a port it is 9092.': '主机:端口；不写端口则为 9092。',
  'What the brokers log and meter this client as.': '代理在日志和配额中对此客户端的称呼。',
  'TLS; `{}` trusts what Node trusts.': 'TLS；`{}` 信任 Node 所信任的。',
  'The login.': '登录。',
  'How to log in.': '如何登录。',
  'Of plain and scram.': '用于 plain 和 scram。',
  'Of oauthbearer: a token that does not expire soon.': '用于 oauthbearer：不会很快过期的令牌。',
  'Of oauthbearer: where tokens are had for client credentials.': '用于 oauthbearer：以客户端凭据获取令牌的地址。',
  'Of oauthbearer, with `tokenUrl`.': '用于 oauthbearer，配合 `tokenUrl`。',
  'Of oauthbearer, with `tokenUrl`: what the token is for.': '用于 oauthbearer，配合 `tokenUrl`：令牌的用途。',
  'For TCP, TLS and the login together.': 'TCP、TLS 和登录合计的时间。',
  'For a broker and its replicas to store a batch; then the connection is given up and the batch repeated.':
    '代理及其副本存储一个批次的时间；超时后放弃连接并重发该批次。',
  'The Kafka topic.': 'Kafka 主题。',
  'The key: messages of one key stay in order. Absent: no key.': '键：同一键的消息保持顺序。不填：没有键。',
  'The value. Default: the payload as it is.': '值。默认：原样的载荷。',
  'Headers of each record.': '每条记录的头。',
  'The value of one header; one that is missing is left out.': '一个头的值；缺失的会省略。',
  "The message's own headers (user properties) as well, in their order, before `headers`.":
    '同时包含消息自身的头（用户属性），保持顺序，位于 `headers` 之前。',
  'An empty value becomes null, which deletes its key from a compacted topic.':
    '空值变为 null，会从压缩主题中删除其键。',
  'Lets brokers make topics that do not exist, where they are set up to; otherwise such messages become dead letters.':
    '在代理允许时让其创建不存在的主题；否则此类消息成为死信。',
  'Bytes of one batch, of all partitions together; each of them gets at most 1 MB of it at once.':
    '一个批次的字节数，所有分区合计；每个分区一次最多 1 MB。',
  'Bytes of one batch, of all partitions together; what is too much for one entry becomes several.':
    '一个批次的字节数，所有分区合计；一个条目放不下的会分成几个。',
  'All replicas in sync have it.': '所有同步副本都已保存。',
  '`key`: as Java chooses for the key, and without a key one for a whole batch. `round-robin`: each message the next one, whatever its key. Else a template that gives a number.':
    '`key`：按 Java 的方式由键选择，没有键时整批使用同一个。`round-robin`：每条消息依次使用下一个，不论其键。否则为得出数字的模板。',
  'Of whole batches. zstd needs Node 22.15 or later.': '用于整个批次。zstd 需要 Node 22.15 或更高版本。',
  'The consumer group, under which the position is kept in Kafka.': '消费者组，位置以其名义保存在 Kafka 中。',
  'Where a group begins that has no position yet, or whose position is no longer there.':
    '尚无位置或其位置已不存在的组从何处开始。',
  'After so long without a sign of life others of the group take over.': '这么久没有活动迹象后，由组内其他成员接管。',
  'How long the group waits for a member when partitions are divided anew.': '重新分配分区时，组等待一个成员的时间。',
  'As much is read of a partition at once.': '一次从一个分区读取的量。',
  'To and from Apache Pulsar, by its binary protocol or through its WebSocket proxy.':
    '与 Apache Pulsar 互传，使用其二进制协议或 WebSocket 代理。',
  'pulsar://host:6650, pulsar+ssl://host:6651, several hosts with commas between; or ws://host:8080 and wss://, which is much slower, where only HTTP gets through.':
    'pulsar://host:6650、pulsar+ssl://host:6651，多个主机用逗号分隔；仅能通过 HTTP 时用 ws://host:8080 和 wss://，但慢得多。',
  'A token (JWT) to log in with. Use ${env:NAME} or ${file:path}.':
    '用于登录的令牌（JWT）。请使用 ${env:NAME} 或 ${file:path}。',
  'TLS, for pulsar+ssl:// and wss://.': 'TLS，用于 pulsar+ssl:// 和 wss://。',
  'For the broker to answer, and to store a batch; then the batch is repeated.':
    '代理应答并存储一个批次的时间；超时后重发该批次。',
  'By WebSocket: how large a frame Pulsar takes (its webSocketMaxTextFrameSize), which is a third more than the payload. What is larger is rejected.':
    '经 WebSocket：Pulsar 接受的最大帧（其 webSocketMaxTextFrameSize），比载荷大三分之一。更大的会被拒绝。',
  'The topic: orders, or persistent://tenant/namespace/orders in full.':
    '主题：orders，或完整写作 persistent://tenant/namespace/orders。',
  'What Key_Shared subscriptions go by instead of the key.': 'Key_Shared 订阅用以代替键的内容。',
  'Properties of each message.': '每条消息的属性。',
  'The value of one property; one that is missing is left out.': '一个属性的值；缺失的会省略。',
  "The message's own headers (user properties) as well. Of several of one name the last stays, `headers` over them.":
    '同时包含消息自身的头（用户属性）。同名者保留最后一个，`headers` 优先。',
  '`key`: by the hash of the key, and without a key one for a whole batch. `round-robin`: each message the next one, whatever its key. Else a template that gives a number.':
    '`key`：按键的哈希，没有键时整批使用同一个。`round-robin`：每条消息依次使用下一个，不论其键。否则为得出数字的模板。',
  "The hash of keys: `java` is the Java client's default. All who write to a topic must use the same.":
    '键的哈希：`java` 是 Java 客户端的默认值。向同一主题写入的各方必须使用相同的。',
  'by-key: one key a batch, which Key_Shared subscriptions of the topic need.':
    'by-key：每批一个键，主题的 Key_Shared 订阅需要如此。',
  'The topic; if it is partitioned, all of its partitions.': '主题；若已分区，则为其所有分区。',
  'The subscription, under which the position is kept in Pulsar.': '订阅，位置以其名义保存在 Pulsar 中。',
  'failover: one reads a partition at a time, the others stand by. shared and key_shared: all read, in no common order.':
    'failover：同一时间一个分区由一方读取，其余待命。shared 和 key_shared：各方都读取，没有共同的顺序。',
  'Where a subscription begins that does not exist yet.': '尚不存在的订阅从何处开始。',
  'Messages that may be on their way to the broker, of each partition.': '每个分区可在途中的消息数。',
  'About how many bytes of them.': '其大致的字节数。',
}
