using System.Net;
using System.Net.Sockets;
using System.Security.Authentication;

namespace Lumos.Drivers.Fetch;

// What went wrong, in words.
public sealed partial class HttpFetcher
{
    // The framework's own texts are stripped from our binaries; the codes are not.
    private static string Reason(HttpRequestException error)
    {
        for (Exception? e = error; e is not null; e = e.InnerException)
        {
            if (e is FenceException)
            {
                return e.Message;
            }
            if (e is SocketException socket)
            {
                return socket.SocketErrorCode switch
                {
                    SocketError.HostNotFound or SocketError.NoData or SocketError.TryAgain => "the host's name cannot be resolved",
                    SocketError.ConnectionRefused => "the connection was refused",
                    SocketError.HostUnreachable or SocketError.NetworkUnreachable => "the host cannot be reached",
                    SocketError.ConnectionReset => "the connection was cut",
                    SocketError.TimedOut => "the connection timed out",
                    var code => code.ToString(),
                };
            }
            if (e is AuthenticationException)
            {
                return "the server's certificate cannot be trusted";
            }
        }
        return error.HttpRequestError switch
        {
            HttpRequestError.ResponseEnded => "the connection was cut",
            HttpRequestError.NameResolutionError => "the host's name cannot be resolved",
            HttpRequestError.ConnectionError => "the connection failed",
            HttpRequestError.SecureConnectionError => "no secure connection could be made",
            HttpRequestError.InvalidResponse => "the answer is no HTTP",
            HttpRequestError.ProxyTunnelError => "the proxy refused",
            var kind => kind.ToString(),
        };
    }

    // With the status, so that it is not taken for a connection that may do better next time.
    private static FetchException TooLong(string url, long max) =>
        new(url, $"it is longer than the {max} bytes that are allowed", (int)HttpStatusCode.OK);

    private static FetchException Refused(string url, HttpResponseMessage response) =>
        new(url, $"the server answered {(int)response.StatusCode} {response.ReasonPhrase}".TrimEnd(), (int)response.StatusCode)
        {
            Challenges = response.Headers.NonValidated.TryGetValues("WWW-Authenticate", out var challenges) ? [.. challenges] : [],
        };
}
