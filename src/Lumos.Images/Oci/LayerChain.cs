using System.Collections.Immutable;
using System.Security.Cryptography;
using System.Text;
using Lumos.Core;

namespace Lumos.Images.Oci;

/// <summary>
/// The identities of an image's layers: each is the sum of the digests of all layers up to it, so that whoever imports the same
/// layers, from wherever, has the same images of them, once. As SmartOS: the sha256 of the digests, lowest first, joined by
/// blanks, its first 128 bits written as a UUID.
/// </summary>
public static class LayerChain
{
    /// <summary>The UUID of each layer, lowest first; the last is the image's.</summary>
    public static ImmutableArray<Uuid> Of(IEnumerable<OciDigest> layers)
    {
        var uuids = ImmutableArray.CreateBuilder<Uuid>();
        string chain = "";
        foreach (var layer in layers)
        {
            chain += (chain.Length > 0 ? " " : "") + layer;
            uuids.Add(UuidOf(chain));
        }
        return uuids.ToImmutable();
    }

    /// <summary>
    /// The UUID of an image that has the layers of another one and a configuration of its own: as if the configuration were one
    /// more layer, which it is on the disk, with nothing in it.
    /// </summary>
    public static Uuid WithConfig(IEnumerable<OciDigest> layers, OciDigest config) => UuidOf(string.Join(' ', layers.Append(config)));

    private static Uuid UuidOf(string chain)
    {
        string hex = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(chain)));
        return Uuid.Parse($"{hex[..8]}-{hex[8..12]}-{hex[12..16]}-{hex[16..20]}-{hex[20..32]}");
    }
}
