using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;

namespace Lumos.Vm.Payload;

/// <summary>Reads what the user wrote; unknown keys are kept, so that they can be reported.</summary>
public static class PayloadReader
{
    /// <summary>Payloads larger than this are refused: user-scripts are small, and this is no place for images.</summary>
    public const int MaxBytes = 16 << 20;

    /// <summary>
    /// Whether a word of -f means what the command already has open. The kernel opens such a path anew, and refuses that of a socket, which standard input is where
    /// another program starts us.
    /// </summary>
    public static bool IsStandardInput(string path) => path is "-" or "/dev/stdin" or "/dev/fd/0" or "/proc/self/fd/0";

    /// <summary>The payload in a file.</summary>
    /// <exception cref="LumosException">FileNotFound, InvalidJson.</exception>
    public static JsonObject FromFile(string path)
    {
        if (Directory.Exists(path))
        {
            throw new LumosException("FileNotFound", $"File: {path} is a directory.");
        }
        if (!File.Exists(path))
        {
            throw new LumosException("FileNotFound", $"File: {path} does not exist.");
        }
        using var stream = File.OpenRead(path);
        return FromStream(stream);
    }

    /// <exception cref="LumosException">InvalidJson: with line and column.</exception>
    public static JsonObject FromStream(Stream stream)
    {
        using var buffer = new MemoryStream();
        byte[] chunk = new byte[65536];
        int n;
        while ((n = stream.Read(chunk)) > 0)
        {
            buffer.Write(chunk, 0, n);
            if (buffer.Length > MaxBytes)
            {
                throw new LumosException("InvalidJson", $"Invalid JSON payload: it is larger than {MaxBytes >> 20} MiB");
            }
        }
        return Parse(buffer.GetBuffer().AsSpan(0, (int)buffer.Length));
    }

    /// <exception cref="LumosException">InvalidJson.</exception>
    public static JsonObject Parse(ReadOnlySpan<byte> utf8)
    {
        JsonNode? node;
        try
        {
            var reader = new Utf8JsonReader(utf8, new JsonReaderOptions { MaxDepth = 32 });
            using var document = JsonDocument.ParseValue(ref reader);
            while (reader.Read())
            {
                // Reading on past the value finds anything that stands behind it.
            }
            node = JsonObject.Create(document.RootElement.ValueKind == JsonValueKind.Object
                ? document.RootElement.Clone()
                : throw new LumosException("InvalidJson", "Invalid JSON payload: it is not an object"));
            Touch(node!);
        }
        catch (JsonException e)
        {
            string where = e.LineNumber is { } line ? $"at line {line + 1}, column {e.BytePositionInLine + 1}" : "somewhere";
            throw new LumosException("InvalidJson", $"Invalid JSON payload: {where} it is not JSON");
        }
        catch (ArgumentException e)
        {
            throw new LumosException("InvalidJson", "Invalid JSON payload: a key stands twice in one object", inner: e);
        }
        return (JsonObject)node!;
    }

    /// <summary>JsonNode parses objects when they are first looked at; a key given twice shows only then.</summary>
    private static void Touch(JsonNode? node)
    {
        switch (node)
        {
            case JsonObject map:
                foreach (var (_, item) in map)
                {
                    Touch(item);
                }
                break;
            case JsonArray array:
                foreach (var item in array)
                {
                    Touch(item);
                }
                break;
        }
    }
}
