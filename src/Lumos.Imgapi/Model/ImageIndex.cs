using Lumos.Core;

namespace Lumos.Imgapi.Model;

/// <summary>
/// All images of the store, in the order of lists. Immutable: whoever lists or looks holds a state of it, while the next one is
/// made. A change costs a copy of ten thousand references, which is nothing beside the fsync that comes before it.
/// </summary>
public sealed class ImageIndex
{
    public static readonly ImageIndex Empty = new([], []);

    private readonly StoredImage[] _ordered;
    private readonly Dictionary<Uuid, StoredImage> _byUuid;

    private ImageIndex(StoredImage[] ordered, Dictionary<Uuid, StoredImage> byUuid)
    {
        _ordered = ordered;
        _byUuid = byUuid;
    }

    public IReadOnlyList<StoredImage> All => _ordered;

    public static ImageIndex Of(IEnumerable<StoredImage> images)
    {
        StoredImage[] ordered = [.. images];
        Array.Sort(ordered, Compare);
        return new ImageIndex(ordered, ordered.ToDictionary(i => i.Uuid));
    }

    public StoredImage? Find(Uuid uuid) => _byUuid.GetValueOrDefault(uuid);

    public ImageIndex With(StoredImage image) => Of(_ordered.Where(i => i.Uuid != image.Uuid).Append(image));

    public ImageIndex Without(Uuid uuid) => Of(_ordered.Where(i => i.Uuid != uuid));

    /// <summary>Images that are increments of this one.</summary>
    public IEnumerable<StoredImage> DependentsOf(Uuid uuid) => _ordered.Where(i => i.Origin == uuid);

    public bool Uses(string blob) => _ordered.Any(i => i.Blobs.Contains(blob));

    /// <summary>A page of a list.</summary>
    /// <param name="channel">Null: all channels.</param>
    /// <exception cref="ImgapiException">ResourceNotFound: the marker.</exception>
    public IEnumerable<StoredImage> List(ListQuery query, Viewer viewer, string? channel)
    {
        IEnumerable<StoredImage> images = _ordered;
        if (query.Marker is { } marker)
        {
            var first = Find(marker) ?? throw ImgapiException.NotFound($"image {marker}, the marker,");
            images = images.SkipWhile(i => i != first);
        }
        return images.Where(i => query.Wants(i) && viewer.Sees(i) && (channel is null || i.IsIn(channel))).Take(query.Limit);
    }

    private static int Compare(StoredImage a, StoredImage b) =>
        string.CompareOrdinal(a.SortKey, b.SortKey) is not 0 and var order ? order
        : string.CompareOrdinal(a.CreatedAt, b.CreatedAt) is not 0 and var next ? next
        : a.Uuid.CompareTo(b.Uuid);
}
