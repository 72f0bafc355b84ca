using System.Text;
using Lumos.Drivers.Datasets;

namespace Lumos.Testing;

/// <summary>The stream format of <see cref="FakeDatasets"/>: one header line, the content, an end mark.</summary>
public static class FakeStream
{
    private const string Magic = "FAKE-DATASET-STREAM";
    private static readonly byte[] End = "END!"u8.ToArray();

    public sealed record Data(string Snapshot, long Guid, long FromGuid, string? VolumeSize, byte[] Content, IReadOnlyDictionary<string, string> Set);

    /// <summary>A stream as <c>send</c> would make it; fromGuid 0: a full one.</summary>
    public static byte[] Encode(
        string snapshot, long guid, long fromGuid, string? volumeSize, byte[] content, IReadOnlyDictionary<string, string>? set = null)
    {
        string properties = Convert.ToBase64String(Encoding.UTF8.GetBytes(string.Join('\n', (set ?? new Dictionary<string, string>()).Select(p => $"{p.Key}={p.Value}"))));
        string header = $"{Magic} {snapshot} {guid} {fromGuid} {volumeSize ?? "-"} {content.Length} {properties}\n";
        return [.. Encoding.ASCII.GetBytes(header), .. content, .. End];
    }

    /// <exception cref="DatasetException">StreamInvalid.</exception>
    public static Data Decode(string name, byte[] stream)
    {
        int newline = Array.IndexOf(stream, (byte)'\n');
        string[] words = newline < 0 ? [] : Encoding.ASCII.GetString(stream, 0, newline).Split(' ');
        if (words.Length != 7 || words[0] != Magic)
        {
            throw DatasetException.Stream(name, "is no dataset stream");
        }
        int length = int.Parse(words[5]);
        if (stream.Length != newline + 1 + length + End.Length || !stream.AsSpan()[^End.Length..].SequenceEqual(End))
        {
            throw DatasetException.Stream(name, "is cut short");
        }
        return new Data(words[1], long.Parse(words[2]), long.Parse(words[3]), words[4] == "-" ? null : words[4],
            stream.AsSpan(newline + 1, length).ToArray(),
            Encoding.UTF8.GetString(Convert.FromBase64String(words[6])).Split('\n', StringSplitOptions.RemoveEmptyEntries)
                .Select(p => p.Split('=', 2)).ToDictionary(p => p[0], p => p[1]));
    }
}
