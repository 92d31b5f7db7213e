import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import SluiceAPI
import SluiceRemoting

/// Why a request has no answer.
struct CallFailure: Error, Sendable {
    var error: APIError
    /// The request had left when it failed: it may have been carried out.
    var isSent: Bool
}

extension CallFailure {
    /// Requests of RocketMQ, and the one of ours, that change something; those that only clients make are not here.
    private static let changing: Set<Int32> = [
        RequestCode.updateConsumerOffset, RequestCode.updateAndCreateTopic, RequestCode.updateBrokerConfig,
        RequestCode.consumerSendMessageBack, RequestCode.endTransaction, RequestCode.updateAndCreateSubscriptionGroup,
        RequestCode.deleteSubscriptionGroup, RequestCode.deleteTopicInBroker, RequestCode.deleteTopicInNameServer,
        RequestCode.resetOffset, RequestCode.sendMessage, RequestCode.sendMessageV2, RequestCode.sendBatchMessage,
        RequestCode.resumeCheckHalfMessage, RequestCode.recallMessage,
    ]

    /// The error of a request by its code: it tells when what was asked for may have been done.
    func error(of code: Int32) -> APIError {
        isSent && Self.changing.contains(code) ? error.afterSending : error
    }

    /// Why a connection could not be made, in words.
    static func reason(_ error: any Error) -> String {
        if let failure = error as? NIOConnectionError {
            if failure.dnsAError != nil || failure.dnsAAAAError != nil, failure.connectionErrors.isEmpty {
                return "the name of the host is not known"
            }
            return failure.connectionErrors.first.map { reason($0.error) } ?? "\(error)"
        }
        if let failure = error as? IOError {
            switch failure.errnoCode {
            case ECONNREFUSED: return "the connection is refused"
            case EHOSTUNREACH, ENETUNREACH: return "there is no way to the host"
            case ECONNRESET, EPIPE: return "the connection was reset"
            default: return String(cString: strerror(failure.errnoCode)).lowercased()
            }
        }
        if let failure = error as? NIOSSLError, case .handshakeFailed(let reason) = failure {
            let why = "\(reason)"
            if why.contains("CERTIFICATE_VERIFY_FAILED") {
                return "its certificate is not signed by one that is trusted: name the signer's with --tls-trust"
            }
            if why.contains("WRONG_VERSION_NUMBER") { return "it does not speak TLS" }
            return "no TLS came about: \(why)"
        }
        if case .connectTimeout(let time)? = error as? ChannelError {
            return "no connection within \(time.nanoseconds / 1_000_000) ms"
        }
        return "\(error)"
    }
}

extension APIError {
    /// What a response that is no success means (remoting frame, 12).
    init(_ frame: Frame, of address: String) {
        self.init(code: frame.code, remark: frame.remark, of: address)
    }

    init(code: Int32, remark: String?, of address: String) {
        let said = BrokerRemark(remark)
        let kind: Code =
            switch code {
            case ResponseCode.systemBusy: .throttled
            case ResponseCode.requestCodeNotSupported: .unavailable
            case ResponseCode.messageIllegal: .tooLarge
            case ResponseCode.serviceNotAvailable: .unavailable
            case ResponseCode.noPermission: .refused
            case ResponseCode.topicNotExist, ResponseCode.queryNotFound, ResponseCode.subscriptionGroupNotExist,
                ResponseCode.consumerNotOnline:
                .notFound
            default: said.isDenial ? .refused : .failed
            }
        guard !said.isDenial else {
            self.init(kind, "the broker at \(address) denies access: \(said.text)")
            return
        }
        self.init(kind, "the broker at \(address) answers with code \(code): \(said.text)")
    }
}
