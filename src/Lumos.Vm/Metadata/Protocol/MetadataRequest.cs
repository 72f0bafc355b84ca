using System.Text;

namespace Lumos.Vm.Metadata.Protocol;

/// <summary>What a line from a guest comes to.</summary>
public abstract record MetadataLine
{
    private MetadataLine()
    {
    }

    /// <summary>It is one of the commands that there are, whatever comes of it.</summary>
    public bool IsCommand => this is Negotiate or Damaged or Request { Command: "GET" or "KEYS" or "PUT" or "DELETE" } or Request { Id: not null };

    /// <summary>No command: answered with "invalid command", which is how a client knows that both sides are at the start of a line.</summary>
    public sealed record Invalid : MetadataLine;

    /// <summary>A frame that was damaged on the way: dropped without an answer; the client asks again.</summary>
    public sealed record Damaged : MetadataLine;

    /// <summary>The client asks for another version of the protocol.</summary>
    public sealed record Negotiate(string Version) : MetadataLine;

    /// <summary>A command to carry out.</summary>
    /// <param name="Id">The client's number of it; null: in the protocol's first version, which has none.</param>
    /// <param name="Command">GET, KEYS; in version 2 also PUT and DELETE; anything else the guest liked to write.</param>
    /// <param name="Argument">Empty: none.</param>
    public sealed record Request(string? Id, string Command, byte[] Argument) : MetadataLine
    {
        public bool Changes => Id is not null && Command is "PUT" or "DELETE";
    }

    /// <summary>Reads a line without its line end.</summary>
    public static MetadataLine Parse(ReadOnlySpan<byte> line)
    {
        line = line.TrimEnd(" \t\r"u8);
        int blank = line.IndexOfAny((byte)' ', (byte)'\t');
        var word = blank < 0 ? line : line[..blank];
        var rest = blank < 0 ? default : line[(blank + 1)..].Trim(" \t"u8);
        if (word.IsEmpty || word.ContainsAnyExceptInRange((byte)'!', (byte)'~'))
        {
            return new Invalid();
        }
        if (word.SequenceEqual("V2"u8))
        {
            return V2Frame.TryParse(line) is { } frame ? new Request(frame.RequestId, frame.Code, frame.Payload ?? []) : new Damaged();
        }
        string command = Encoding.ASCII.GetString(word);
        return command switch
        {
            "NEGOTIATE" or "GET" when rest.IsEmpty => new Invalid(),
            "NEGOTIATE" => new Negotiate(Encoding.UTF8.GetString(rest)),
            _ => new Request(null, command, rest.ToArray()),
        };
    }
}
