using System.Text;
using System.Text.Json.Nodes;

namespace Lumos.Drivers.Http;

/// <summary>A request without a body. Header names are in lower case.</summary>
public sealed record HttpRequest(string Method, string Path, IReadOnlyList<KeyValuePair<string, string>> Query, IReadOnlyDictionary<string, string> Headers)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);

    /// <summary>Parses the head, without its final empty line. Null: not HTTP/1.</summary>
    public static HttpRequest? Parse(ReadOnlySpan<byte> head, out bool keepAlive)
    {
        keepAlive = false;
        string[] lines = Encoding.Latin1.GetString(head).Split("\r\n");
        string[] words = lines[0].Split(' ');
        if (words.Length != 3 || words[2] is not ("HTTP/1.1" or "HTTP/1.0") || !words[1].StartsWith('/'))
        {
            return null;
        }
        var headers = new Dictionary<string, string>(StringComparer.Ordinal);
        foreach (string line in lines.Skip(1))
        {
            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon <= 0 || line[0] is ' ' or '\t')
            {
                return null;
            }
            headers[line[..colon].ToLowerInvariant()] = line[(colon + 1)..].Trim();
        }
        keepAlive = words[2] == "HTTP/1.1" && !headers.GetValueOrDefault("connection", "").Contains("close", StringComparison.OrdinalIgnoreCase);
        string[] target = words[1].Split('?', 2);
        return new HttpRequest(words[0], Uri.UnescapeDataString(target[0]), ParseQuery(target.ElementAtOrDefault(1) ?? ""), headers);
    }

    private static List<KeyValuePair<string, string>> ParseQuery(string query) =>
        [.. query.Split('&', StringSplitOptions.RemoveEmptyEntries).Select(term => term.Split('=', 2)).Select(term =>
            KeyValuePair.Create(Decode(term[0]), term.Length > 1 ? Decode(term[1]) : ""))];

    private static string Decode(string text) => Uri.UnescapeDataString(text.Replace('+', ' '));
}

/// <summary>An answer: text, or (a part of) a file.</summary>
public sealed record HttpResponse(int Status, IReadOnlyList<KeyValuePair<string, string>> Headers)
{
    public ReadOnlyMemory<byte> Body { get; init; }

    /// <summary>Sent instead of <see cref="Body"/>; closed by who sends it.</summary>
    public FileStream? File { get; init; }

    /// <summary>Writes the body as it comes, instead of <see cref="Body"/>: the connection is closed behind it.</summary>
    public Func<HttpBody, Task>? Flow { get; init; }

    /// <summary>Speaks another protocol over the connection from here on (status 101), until it returns: then the connection is closed.</summary>
    public Func<Stream, CancellationToken, Task>? Upgraded { get; init; }

    /// <summary>Called once, when nothing more of it will be sent: whether it was, in part or not at all.</summary>
    public Action? Over { get; init; }

    /// <summary>The first byte of the file to send.</summary>
    public long Offset { get; init; }

    /// <summary>How many bytes of the file.</summary>
    public long Length { get; init; }

    /// <summary>JSON and a line end.</summary>
    public static HttpResponse Json(JsonNode node, int status = 200, params IEnumerable<KeyValuePair<string, string>> headers) =>
        new(status, [new("Content-Type", "application/json"), .. headers]) { Body = Encoding.UTF8.GetBytes(node.ToJsonString() + "\n") };

    /// <summary>A failure, as {"code": …, "message": …}.</summary>
    public static HttpResponse Fault(int status, string code, string message) =>
        Json(new JsonObject { ["code"] = code, ["message"] = message }, status);

    public string Reason => Status switch
    {
        101 => "Switching Protocols",
        200 => "OK",
        206 => "Partial Content",
        304 => "Not Modified",
        400 => "Bad Request",
        403 => "Forbidden",
        404 => "Not Found",
        405 => "Method Not Allowed",
        413 => "Content Too Large",
        416 => "Range Not Satisfiable",
        422 => "Unprocessable Content",
        431 => "Request Header Fields Too Large",
        503 => "Service Unavailable",
        _ => "Internal Server Error",
    };
}
