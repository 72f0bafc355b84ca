using Lumos.Core;

namespace Lumos.Drivers.Fetch;

/// <summary>Something could not be fetched. The message names the URL; the reason follows in it or as the cause.</summary>
public sealed class FetchException(string url, string reason, int? status = null, Exception? inner = null)
    : LumosException("FetchFailed", $"cannot fetch {url}{(reason.Length > 0 ? ": " + reason : "")}", inner: inner)
{
    public string Url { get; } = url;

    /// <summary>The server's HTTP status, when it answered.</summary>
    public int? Status { get; } = status;

    /// <summary>The code of the failure in the server's own words, where it gave one.</summary>
    public string? ServerCode { get; init; }

    /// <summary>How the server wants us to say who we are (the headers WWW-Authenticate of an answer 401).</summary>
    public IReadOnlyList<string> Challenges { get; init; } = [];

    /// <summary>The server answered that there is no such thing.</summary>
    public bool IsNotFound => Status is 404 or 410;
}
