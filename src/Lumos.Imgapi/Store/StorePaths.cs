namespace Lumos.Imgapi.Store;

/// <summary>Where things lie below the folder of the server.</summary>
public sealed record StorePaths(string Root)
{
    /// <summary>UUID.json: one record per image.</summary>
    public string Images => Path.Combine(Root, "images");

    /// <summary>Files of images and icons, each named by its SHA-256.</summary>
    public string Blobs => Path.Combine(Root, "blobs");

    /// <summary>What is coming; nothing in here outlives a start.</summary>
    public string Incoming => Path.Combine(Root, "incoming");

    public string Exports => Path.Combine(Root, "exports");

    /// <summary>NAME SECRET, one a line; for its owner's eyes.</summary>
    public string Keys => Path.Combine(Root, "keys");

    public string Config => Path.Combine(Root, "config.json");

    /// <summary>Held by the server that works here.</summary>
    public string Lock => Path.Combine(Root, "lock");

    public string Record(Core.Uuid uuid) => Path.Combine(Images, $"{uuid}.json");

    public string Blob(string sha256) => Path.Combine(Blobs, sha256);
}
