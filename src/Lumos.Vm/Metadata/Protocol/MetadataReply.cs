using System.Text;

namespace Lumos.Vm.Metadata.Protocol;

/// <summary>How a request came out.</summary>
public enum MetadataOutcome
{
    Success,
    NotFound,
    Failure,
}

/// <summary>The answer to a request. Text: the value; of a failure, a sentence that says why.</summary>
public sealed record MetadataReply(MetadataOutcome Outcome, string Text)
{
    public static MetadataReply NotFound { get; } = new(MetadataOutcome.NotFound, "");

    public static MetadataReply Success(string text) => new(MetadataOutcome.Success, text);

    public static MetadataReply Failure(string why) => new(MetadataOutcome.Failure, why);

    /// <summary>The bytes that go to the guest.</summary>
    /// <param name="id">The request's number; null: it came in version 1.</param>
    public byte[] Encode(string? id) => id is not null
        ? new V2Frame(id, Outcome.ToString().ToUpperInvariant(), Text.Length > 0 ? Encoding.UTF8.GetBytes(Text) : null).Encode()
        : Encoding.UTF8.GetBytes(Outcome == MetadataOutcome.Success
            ? $"SUCCESS\n{DotStuffed(Text)}\n.\n"
            : Outcome.ToString().ToUpperInvariant() + "\n");

    // A line that begins with a dot gets a second one: a dot alone is the end of a value.
    private static string DotStuffed(string text) =>
        (text.StartsWith('.') ? "." : "") + text.Replace("\n.", "\n..", StringComparison.Ordinal);
}
