using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Lumos.Core;
using Lumos.Linux;
using Lumos.Linux.Btrfs;
using Lumos.Linux.Files;

namespace Lumos.Drivers.Datasets.Btrfs;

/// <summary>
/// What a dataset is beside its name and content: identity and the properties set on it. Kept as an extended attribute of an
/// empty file, which is metadata and so part of the file system's transactions, as the subvolumes themselves are.
/// </summary>
internal sealed record BtrfsRecord
{
    private const string Attribute = "user.lumos";

    public required ulong Guid { get; init; }

    public required long Created { get; init; }

    /// <summary>What was set here; not what is inherited.</summary>
    public SortedDictionary<string, string> Set { get; init; } = new(StringComparer.Ordinal);

    /// <summary>The guids of snapshots that brought one along in a stream, by number; others have their subvolume's.</summary>
    public SortedDictionary<uint, ulong> SnapshotGuids { get; init; } = [];

    public static BtrfsRecord Fresh(IReadOnlyDictionary<string, string>? set = null) => new()
    {
        Guid = NewGuid(),
        Created = DateTimeOffset.UtcNow.ToUnixTimeSeconds(),
        Set = new SortedDictionary<string, string>(set?.ToDictionary() ?? [], StringComparer.Ordinal),
    };

    public static ulong NewGuid() => (ulong)Random.Shared.NextInt64(1L << 40, long.MaxValue);

    /// <exception cref="LumosException">DatasetRecordInvalid.</exception>
    public static BtrfsRecord Load(string file)
    {
        return Parse(file, ExtendedAttribute.Read(file, Attribute)
            ?? throw new LumosException("DatasetRecordInvalid", $"{file}, the record of a dataset, is missing or empty"));
    }

    /// <summary>All records of a folder by one look, as they are on the disk; null: too much else is in its subvolume.</summary>
    public static IReadOnlyDictionary<string, byte[]>? LoadAll(string folder, long mostKeys) =>
        TreeSearch.Attributes(folder, Attribute, mostKeys);

    /// <exception cref="LumosException">DatasetRecordInvalid.</exception>
    public static BtrfsRecord Parse(string file, byte[] bytes)
    {
        try
        {
            return FromJson(bytes);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or FormatException or OverflowException)
        {
            throw new LumosException("DatasetRecordInvalid", $"{file}, the record of a dataset, cannot be understood", inner: e);
        }
    }

    /// <summary>Writes the record; durable with the next commit of the file system, or after a sync of the file.</summary>
    public void Save(string file, string dataset)
    {
        if (!File.Exists(file))
        {
            File.Create(file).Dispose();
        }
        try
        {
            ExtendedAttribute.Write(file, Attribute, Encoding.UTF8.GetBytes(ToJson().ToJsonString()));
        }
        catch (ErrnoException e) when (e.Errno is Errno.E2BIG or Errno.ENOSPC or Errno.ERANGE)
        {
            throw DatasetException.Failed(dataset, "keep the properties (16 KB at most, and there has to be space) of", e);
        }
    }

    /// <summary>Read token by token: a listing reads a thousand of them.</summary>
    private static BtrfsRecord FromJson(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json);
        ulong? guid = null;
        long? created = null;
        var set = new SortedDictionary<string, string>(StringComparer.Ordinal);
        var guids = new SortedDictionary<uint, ulong>();
        Expect(reader.Read() && reader.TokenType == JsonTokenType.StartObject);
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            string name = reader.GetString()!;
            Expect(reader.Read());
            switch (name)
            {
                case "guid":
                    guid = Number(reader.GetString());
                    break;
                case "created":
                    created = reader.GetInt64();
                    break;
                case "set" or "snapshotGuids":
                    Expect(reader.TokenType == JsonTokenType.StartObject);
                    while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
                    {
                        string key = reader.GetString()!;
                        Expect(reader.Read());
                        string value = reader.GetString() ?? throw new FormatException();
                        if (name == "set")
                        {
                            set[key] = value;
                        }
                        else
                        {
                            guids[uint.Parse(key, CultureInfo.InvariantCulture)] = Number(value);
                        }
                    }
                    break;
                default:
                    reader.Skip(); // of a later version
                    break;
            }
        }
        Expect(guid is not null && created is not null);
        return new BtrfsRecord { Guid = guid!.Value, Created = created!.Value, Set = set, SnapshotGuids = guids };
    }

    private static void Expect(bool holds)
    {
        if (!holds)
        {
            throw new FormatException();
        }
    }

    private static ulong Number(string? text) => ulong.Parse(text ?? "", CultureInfo.InvariantCulture);

    private JsonObject ToJson()
    {
        var set = new JsonObject();
        foreach (var (key, value) in Set)
        {
            set[key] = value;
        }
        var json = new JsonObject { ["guid"] = Text(Guid), ["created"] = Created, ["set"] = set };
        if (SnapshotGuids.Count > 0)
        {
            var guids = new JsonObject();
            foreach (var (number, guid) in SnapshotGuids)
            {
                guids[number.ToString(CultureInfo.InvariantCulture)] = Text(guid);
            }
            json["snapshotGuids"] = guids;
        }
        return json;
    }

    private static string Text(ulong number) => number.ToString(CultureInfo.InvariantCulture);
}
