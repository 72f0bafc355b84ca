using System.Net;
using System.Security.Cryptography;
using System.Security.Cryptography.X509Certificates;
using Lumos.Drivers.Files;

namespace Lumos.Vm.Display.Web;

/// <summary>
/// By what the page of a screen is known: a certificate that the machine has signed for itself, made once and kept with its key in one file (PEM, root's alone). Whoever has a better one
/// puts it there. Nobody else vouches for ours, so its fingerprint is told wherever the address of the page is.
/// </summary>
internal static class WebCertificate
{
    private const int Secret = 0x180; // rw-------

    /// <summary>Reads it, or makes it.</summary>
    /// <param name="file">Where it is kept.</param>
    /// <param name="address">What it says it is for, beside the machine's name.</param>
    /// <exception cref="CryptographicException">The file holds something else.</exception>
    internal static X509Certificate2 ReadOrMake(string file, IPAddress address)
    {
        if (!File.Exists(file))
        {
            AtomicFile.Write(file, Make(Environment.MachineName, address), Secret);
        }
        string pem = File.ReadAllText(file);
        return X509Certificate2.CreateFromPem(pem, pem);
    }

    /// <summary>SHA-256 of it, as browsers show it.</summary>
    internal static string Fingerprint(X509Certificate2 certificate) =>
        string.Join(':', SHA256.HashData(certificate.RawDataMemory.Span).Select(octet => octet.ToString("X2", System.Globalization.CultureInfo.InvariantCulture)));

    private static string Make(string host, IPAddress address)
    {
        using var key = ECDsa.Create(ECCurve.NamedCurves.nistP256);
        var request = new CertificateRequest(new X500DistinguishedName("CN=LumOS console"), key, HashAlgorithmName.SHA256);
        var names = new SubjectAlternativeNameBuilder();
        names.AddDnsName(host);
        names.AddIpAddress(address);
        request.CertificateExtensions.Add(names.Build());
        request.CertificateExtensions.Add(new X509BasicConstraintsExtension(certificateAuthority: false, hasPathLengthConstraint: false, pathLengthConstraint: 0, critical: true));
        request.CertificateExtensions.Add(new X509KeyUsageExtension(X509KeyUsageFlags.DigitalSignature, critical: true));
        // A machine's clock may be wrong on the day it is made, and nobody renews it: who trusts it does so by its fingerprint.
        using var made = request.CreateSelfSigned(new DateTimeOffset(2000, 1, 1, 0, 0, 0, TimeSpan.Zero), new DateTimeOffset(2049, 12, 31, 0, 0, 0, TimeSpan.Zero));
        return made.ExportCertificatePem() + "\n" + key.ExportPkcs8PrivateKeyPem() + "\n";
    }
}
