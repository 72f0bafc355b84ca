using System.Security.Cryptography;
using System.Text;
using Lumos.Drivers.Http;

namespace Lumos.Vm.Display.Web;

/// <summary>How a page asks for a websocket (RFC 6455, 4.2). What follows on the connection is the framework's to frame.</summary>
internal static class Handshake
{
    /// <summary>What travels: bytes of RFB.</summary>
    internal const string Protocol = "binary";

    /// <summary>Before the ticket, which a page can give only as the name of a protocol: addresses are written into histories and logs.</summary>
    private const string TicketPrefix = "ticket.";

    private const string Version = "13", Salt = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"; // the protocol's

    private const int KeyBytes = 16;

    /// <summary>What is wrong with a request; null: nothing.</summary>
    internal static string? Fault(HttpRequest request) =>
        request.Method != "GET" || !Has(request, "upgrade", "websocket") || !Has(request, "connection", "upgrade") ? "this is not a request for a websocket"
        : request.Header("sec-websocket-version") != Version ? $"the version of the protocol is {Version}"
        : !IsKey(request.Header("sec-websocket-key")) ? "Sec-WebSocket-Key is not 16 bytes"
        : null;

    /// <summary>
    /// Whether it is a page of ours that asks: the one that was read from where the request goes. By whatever name: a tunnel has its own.
    /// </summary>
    internal static bool IsOfOurPage(HttpRequest request) =>
        request.Header("host") is { Length: > 0 } host && request.Header("origin") is { } origin && string.Equals(origin, "https://" + host, StringComparison.OrdinalIgnoreCase);

    /// <summary>The ticket that is shown; empty: none.</summary>
    internal static string Ticket(HttpRequest request) =>
        Words(request, "sec-websocket-protocol").FirstOrDefault(word => word.StartsWith(TicketPrefix, StringComparison.Ordinal))?[TicketPrefix.Length..] ?? "";

    /// <summary>Takes the request up.</summary>
    internal static HttpResponse Accept(HttpRequest request, Func<Stream, CancellationToken, Task> speak)
    {
        string key = request.Header("sec-websocket-key")!;
#pragma warning disable CA5350 // the protocol's, and no secret
        string accept = Convert.ToBase64String(SHA1.HashData(Encoding.ASCII.GetBytes(key + Salt)));
#pragma warning restore CA5350
        return new HttpResponse(101, [new("Upgrade", "websocket"), new("Sec-WebSocket-Accept", accept), new("Sec-WebSocket-Protocol", Protocol)]) { Upgraded = speak };
    }

    private static bool IsKey(string? key)
    {
        Span<byte> bytes = stackalloc byte[KeyBytes + 2];
        return key is not null && Convert.TryFromBase64String(key, bytes, out int count) && count == KeyBytes;
    }

    private static bool Has(HttpRequest request, string header, string word) => Words(request, header).Contains(word, StringComparer.OrdinalIgnoreCase);

    private static string[] Words(HttpRequest request, string header) =>
        request.Header(header)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [];
}
