using System.Security.Cryptography;
using Lumos.Cli;
using Lumos.Core;

namespace Lumos.Images.Applets;

/// <summary>digest, with which users of SmartOS find the sums that a manifest of an image wants.</summary>
public static class DigestApplet
{
    /// <summary>Names as illumos lists them.</summary>
    private static readonly (string Name, HashAlgorithmName Algorithm)[] _algorithms =
    [
        ("sha1", HashAlgorithmName.SHA1), ("md5", HashAlgorithmName.MD5), ("sha256", HashAlgorithmName.SHA256), ("sha384", HashAlgorithmName.SHA384),
        ("sha512", HashAlgorithmName.SHA512),
    ];

    public static int Run(AppletContext context)
    {
        var args = new ArgParser().Flag('l').Flag('v').Value('a').Parse(context.Args);
        if (args.Has('l'))
        {
            foreach (var (name, _) in _algorithms)
            {
                context.Out.WriteLine(name);
            }
            return ExitStatus.Success;
        }
        string wanted = args.Get('a') ?? throw new UsageException("which sum is named by -a; \"digest -l\" lists them");
        var found = Array.Find(_algorithms, each => each.Name == wanted);
        if (found.Name is null)
        {
            throw new UsageException($"there is no algorithm \"{wanted}\"; \"digest -l\" lists them");
        }
        if (args.Operands.Count == 0)
        {
            using var input = context.OpenInput();
            context.Out.WriteLine(Sum(found.Algorithm, input));
        }
        foreach (string file in args.Operands)
        {
            using var input = new FileStream(file, FileMode.Open, FileAccess.Read, FileShare.ReadWrite, bufferSize: 0);
            string label = args.Has('v') ? $"{wanted} ({file}) = " : args.Operands.Count > 1 ? $"({file}) = " : "";
            context.Out.WriteLine(label + Sum(found.Algorithm, input));
        }
        return ExitStatus.Success;
    }

    private static string Sum(HashAlgorithmName algorithm, Stream input)
    {
        using var sum = IncrementalHash.CreateHash(algorithm);
        var buffer = new byte[64 * 1024];
        while (input.Read(buffer) is var count and > 0)
        {
            sum.AppendData(buffer, 0, count);
        }
        return Convert.ToHexStringLower(sum.GetHashAndReset());
    }
}
